-- $1 generation: where each partition of the generations before it ended.
SELECT generation, array_agg(next_n ORDER BY partition) AS ends FROM log_heads
WHERE generation < $1 GROUP BY generation;
