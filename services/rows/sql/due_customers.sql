-- $4 the instant to be judged; $7 whether it is now. If it is not, nobody goes back to an earlier
-- instant than the last.
(SELECT customer_id FROM projection_heads
 WHERE projection = $1 AND version = $2 AND partition = $3 AND next_change_at <= $4
   AND ($7 OR assessed_at <= $4)
 ORDER BY next_change_at LIMIT $6)
UNION
(SELECT customer_id FROM projection_heads
 WHERE projection = $1 AND version = $2 AND partition = $3 AND policy_count < $5
   AND parked_reason IS NULL AND ($7 OR assessed_at <= $4)
 LIMIT $6)
