-- $1 generation, $2 partitions: how far the log goes, held still as in `log_is_quiet`.
SELECT partition, next_n, pending FROM log_heads
WHERE generation = $1 AND partition = ANY($2::smallint[])
ORDER BY partition
FOR SHARE
