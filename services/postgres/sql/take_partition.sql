INSERT INTO checkpoints AS c (projection, version, generation, partition, epoch)
VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (projection, version, generation, partition)
DO UPDATE SET epoch = c.epoch + 1, updated_at = now()
RETURNING next, epoch
