SELECT count(*) FROM (SELECT 1 FROM {cases} c WHERE {conditions} LIMIT {limit}) AS found
