-- $1 generation: how many events each partition holds, in partition order.
SELECT partition, next_n, closed, keeper FROM log_heads WHERE generation = $1 ORDER BY partition;
