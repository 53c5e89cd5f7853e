-- $1 generation: whoever owns a partition of it finds its checkpoints moved.
UPDATE checkpoints SET epoch = epoch + 1 WHERE generation = $1
RETURNING projection, version, partition, next, reference_next, judged_at, settled;
