-- $1 generation, $2 partitions, $3 now: own the partitions until the end of the transaction.
-- In ascending order, so that two appenders never wait for each other. A closed one is left
-- out, also if it was closed while we waited for it.
SELECT partition, next_n, greatest(recorded_at, $3) AS recorded_at
FROM log_heads
WHERE generation = $1 AND partition = ANY ($2::smallint[]) AND NOT closed
ORDER BY partition
FOR UPDATE;
