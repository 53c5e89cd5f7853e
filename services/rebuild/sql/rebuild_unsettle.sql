-- $1 projection, $2 version, $3 stored as: where heads were taken from a build, they reflect no more
-- of the reference stream than the build does.
UPDATE checkpoints l SET settled = least(l.settled, b.settled)
FROM checkpoints b
WHERE l.projection = $1 AND l.version = $2 AND b.projection = $3 AND b.version = $2
  AND l.generation = b.generation AND l.partition = b.partition
