-- $1 generation, $2 partition, $3 first n, $4 how many.
SELECT * FROM events
WHERE generation = $1 AND partition = $2 AND n >= $3
ORDER BY n
LIMIT $4;
