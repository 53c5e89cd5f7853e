-- $1 projection, $2 version, $3 first customer and $4 the first one not in the part (null: no bound)
SELECT customer_id, assessed_at, policy_count, parked_reason FROM projection_heads
WHERE projection = $1 AND version = $2
  AND ($3::text IS NULL OR customer_id >= $3) AND ($4::text IS NULL OR customer_id < $4)
