-- $1 generation: the next one has what this one has of earlier ones, at the same places.
INSERT INTO log_runs (generation, partition, first_n, events, kept_generation, kept_first_n)
SELECT $1::smallint + 1, partition, first_n, events, kept_generation, kept_first_n
FROM log_runs WHERE generation = $1;
