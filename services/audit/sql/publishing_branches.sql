-- Every branch that published an event about a customer, recorded by $1 (null: whenever).
SELECT DISTINCT branch_id FROM events
WHERE customer_id IS NOT NULL AND ($1::timestamptz IS NULL OR recorded_at <= $1)
