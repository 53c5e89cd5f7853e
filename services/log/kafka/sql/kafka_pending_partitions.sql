SELECT DISTINCT partition FROM log_pending WHERE generation = $1 ORDER BY partition;
