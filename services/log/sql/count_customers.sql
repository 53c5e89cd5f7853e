SELECT count(DISTINCT customer_id) FROM events WHERE customer_id IS NOT NULL
