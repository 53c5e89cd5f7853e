UPDATE projection_heads SET next_change_at = '-infinity'
WHERE parked_reason IS NOT NULL AND ($1::text IS NULL OR customer_id = $1)
RETURNING projection, customer_id
