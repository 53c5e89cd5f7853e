-- $1 stored as, $2 version, $3 generation, $4 positions by partition. All heads reflect what the one
-- reflects that was assessed under the fewest events of the reference stream.
INSERT INTO checkpoints (projection, version, generation, partition, next, settled)
SELECT $1, $2, $3, k - 1, next,
       coalesce((SELECT min(policy_count) FROM projection_heads
                 WHERE projection = $1 AND version = $2 AND parked_reason IS NULL), 0)
FROM unnest($4::bigint[]) WITH ORDINALITY AS p (next, k)
