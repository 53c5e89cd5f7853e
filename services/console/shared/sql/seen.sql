-- $1 customers: those of them who are seen.
SELECT s.customer_id FROM {search_customers} AS s WHERE s.customer_id = ANY ($1)
