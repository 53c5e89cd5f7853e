SELECT customer_id FROM projection_heads
WHERE projection = $1 AND version = $2 AND partition = $3 AND parked_reason IS NOT NULL
