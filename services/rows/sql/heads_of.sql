SELECT customer_id, assessed_at, next_change_at, policy_count, parked_reason
FROM projection_heads WHERE projection = $1 AND version = $2 AND customer_id = ANY($3::text[])
