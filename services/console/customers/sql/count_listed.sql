-- How many customers the list's filter finds, counted as far as the limit.
SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {conditions} LIMIT {limit}) AS found
