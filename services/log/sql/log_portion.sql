-- $1 generation, $2 partition, $3 first n, $4 how many, $5 the n to stop before: of the events that
-- are read next, how many there are, the last one's n and when it was recorded.
SELECT count(*) AS events, max(n) AS last, max(recorded_at) AS recorded_at
FROM (
    SELECT n, recorded_at FROM events
    WHERE generation = $1 AND partition = $2 AND n >= $3 AND n < $5
    ORDER BY n
    LIMIT $4
) AS next;
