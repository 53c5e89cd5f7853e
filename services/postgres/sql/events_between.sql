-- $1 generation, $2 partition, from $3 up to and without $4.
SELECT partition, n, event_id, data FROM events
WHERE generation = $1 AND partition = $2 AND n >= $3 AND n < $4
ORDER BY n
