-- $1 generation: the next one's mirror goes on after the copies.
INSERT INTO mirror_heads (generation, partition, next)
SELECT generation, partition, next_n FROM log_heads WHERE generation = $1::smallint + 1;
