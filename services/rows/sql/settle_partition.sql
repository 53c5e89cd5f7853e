-- $1 projection, $2 version, $3 generation, $4 partition, $5 epoch, $6 how many events of the
-- reference stream every customer reflects now; no row where another worker took it.
UPDATE checkpoints SET settled = greatest(settled, $6), updated_at = now()
WHERE projection = $1 AND version = $2 AND generation = $3 AND partition = $4 AND epoch = $5
RETURNING settled
