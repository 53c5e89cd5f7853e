SELECT customer_id FROM projection_heads h
WHERE projection = $1 AND version = $2
  AND NOT EXISTS (SELECT FROM events e WHERE e.customer_id = h.customer_id)
  -- Into whom somebody was merged has rows of the other's events.
  AND NOT EXISTS (SELECT FROM events e
                  WHERE e.type = 'customer.merged' AND e.customer_id IS NOT NULL
                    AND merged_into(e.data) = h.customer_id)
ORDER BY customer_id
