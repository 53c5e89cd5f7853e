-- $1 stored as, $2 version, $3 generation, $4 positions by partition.
INSERT INTO checkpoints (projection, version, generation, partition, next)
SELECT $1, $2, $3, k - 1, next FROM unnest($4::bigint[]) WITH ORDINALITY AS p (next, k)
