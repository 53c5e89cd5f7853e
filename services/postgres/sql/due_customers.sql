(SELECT customer_id FROM projection_heads
 WHERE projection = $1 AND version = $2 AND partition = $3 AND next_change_at <= $4
 ORDER BY next_change_at LIMIT $6)
UNION
(SELECT customer_id FROM projection_heads
 WHERE projection = $1 AND version = $2 AND partition = $3 AND policy_count < $5
   AND parked_reason IS NULL
 LIMIT $6)
