-- $4 the instant to be judged, $5 how many; $6 whether it is now. If it is not, nobody goes back
-- to an earlier instant than the last.
SELECT customer_id FROM projection_heads
WHERE projection = $1 AND version = $2 AND partition = $3 AND next_change_at <= $4
  AND ($6 OR assessed_at <= $4)
ORDER BY next_change_at
LIMIT $5
