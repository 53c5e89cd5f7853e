-- What is not the same any more once anything was written with the checkpoints of a projection.
SELECT generation, partition, xmin::text AS mark FROM checkpoints
WHERE projection = $1 AND version = $2 ORDER BY generation, partition
