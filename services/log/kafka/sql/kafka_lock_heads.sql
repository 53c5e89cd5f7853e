-- In ascending order, so that two gateways never wait for each other.
SELECT partition, next_n, recorded_at > '-infinity' AS used FROM log_heads
WHERE generation = $1 AND partition = ANY ($2::smallint[])
ORDER BY partition
FOR UPDATE;
