-- $1 projection, $2 version, $3 customers: as of when each was assessed, and under which rules.
SELECT customer_id, assessed_at, policy_count FROM projection_heads
WHERE projection = $1 AND version = $2 AND customer_id = ANY($3::text[])
