-- $1 customer; null: all.
WITH again AS (
    UPDATE parked_work SET next_try_at = '-infinity'
    WHERE $1::text IS NULL OR customer_id = $1
    RETURNING work, customer_id
), due AS (
    UPDATE projection_heads SET next_change_at = '-infinity'
    WHERE parked_reason IS NOT NULL AND ($1::text IS NULL OR customer_id = $1)
    RETURNING projection, customer_id
)
SELECT projection, customer_id FROM due UNION ALL SELECT work, customer_id FROM again
