SELECT DISTINCT partition FROM projection_heads
WHERE projection = $1 AND version = $2
  AND (next_change_at <= $3 OR (policy_count < $4 AND parked_reason IS NULL))
