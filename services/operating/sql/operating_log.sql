-- The current generation of the log, and which log keeps it; nothing is locked or claimed.
SELECT generation, log FROM generations ORDER BY generation DESC LIMIT 1
