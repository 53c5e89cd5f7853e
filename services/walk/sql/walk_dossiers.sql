-- $1 recorded by then, or null for all.
SELECT * FROM events
WHERE customer_id IS NOT NULL AND ($1::timestamptz IS NULL OR recorded_at <= $1)
ORDER BY customer_id, generation, partition, n
