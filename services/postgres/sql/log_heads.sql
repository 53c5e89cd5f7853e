-- $1 generation: how many events each partition holds, in partition order.
SELECT partition, next_n FROM log_heads WHERE generation = $1 ORDER BY partition;
