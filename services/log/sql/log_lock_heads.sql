-- $1 generation, $2 partitions, $3 now, $4 who keeps the log: own the partitions until the end
-- of the transaction. In ascending order, so that two appenders never wait for each other. One
-- that is closed or kept by the other log is left out, also if it became so while we waited.
SELECT partition, next_n, greatest(recorded_at, $3) AS recorded_at,
    clock_timestamp() AS database_now
FROM log_heads
WHERE generation = $1 AND partition = ANY ($2::smallint[]) AND NOT closed AND keeper = $4
ORDER BY partition
FOR UPDATE;
