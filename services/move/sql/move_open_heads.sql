-- $1 generation: the next one's heads, after all that is recorded.
INSERT INTO log_heads (generation, partition, next_n, recorded_at, keeper)
SELECT h.generation + 1, h.partition, coalesce(r.events, 0), h.recorded_at, g.log
FROM log_heads h
JOIN generations g ON g.generation = h.generation + 1
LEFT JOIN (
    SELECT partition, sum(events) AS events FROM log_runs
    WHERE generation = $1::smallint + 1 GROUP BY partition
) AS r USING (partition)
WHERE h.generation = $1
RETURNING partition, next_n;
