SELECT count(*) FROM (SELECT 1 FROM alerts WHERE {conditions} LIMIT {limit}) AS found
