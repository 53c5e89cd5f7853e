-- $1 generation: the runs of it and of all before it.
SELECT * FROM log_runs WHERE generation <= $1 ORDER BY generation, partition, first_n;
