SELECT DISTINCT partition FROM projection_heads
WHERE projection = $1 AND version = $2
  AND (next_change_at <= $3 OR (policy_count < $4 AND parked_reason IS NULL))
  AND EXISTS (SELECT FROM live_versions l WHERE l.projection = $1 AND l.version = $2)
