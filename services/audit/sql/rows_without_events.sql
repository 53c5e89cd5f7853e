SELECT customer_id FROM projection_heads h
WHERE projection = $1 AND version = $2
  AND NOT EXISTS (SELECT FROM events e WHERE e.customer_id = h.customer_id)
ORDER BY customer_id
