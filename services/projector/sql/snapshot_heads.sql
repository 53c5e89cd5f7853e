-- As of when customers' rows of a projection are, but for those parked or written under other rules.
-- $1 projection, $2 version, $3 customers, $4 where the latest event of the reference stream stands
-- that the projection reads.
SELECT customer_id, assessed_at FROM projection_heads
WHERE projection = $1 AND version = $2 AND customer_id = ANY($3::text[])
  AND parked_reason IS NULL AND policy_count >= $4
