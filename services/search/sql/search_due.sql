-- $1 now, $2 how many: of whom something takes effect.
SELECT customer_id FROM search_customers WHERE due_at <= $1 ORDER BY due_at LIMIT $2;
