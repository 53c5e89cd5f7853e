SELECT generation, log FROM generations ORDER BY generation DESC LIMIT 1
