-- $1 customers: of those, the ones whose rows whoever asks may see.
SELECT customer_id FROM search_customers WHERE customer_id = ANY ($1::text[]);
