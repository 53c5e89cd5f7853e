-- Raise the epoch; no row where the generation is closed. The head is held still, so that
-- nobody takes a partition while its generation is being closed.
WITH open AS (
    SELECT generation, partition FROM log_heads
    WHERE generation = $3 AND partition = $4 AND NOT closed
    FOR SHARE
)
INSERT INTO checkpoints AS c (projection, version, generation, partition, epoch)
SELECT $1, $2, generation, partition, 1 FROM open
ON CONFLICT (projection, version, generation, partition)
DO UPDATE SET epoch = c.epoch + 1, updated_at = now()
RETURNING next, epoch, settled
