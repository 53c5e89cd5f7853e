-- $1 customers, $2 branches: those who are at home there.
SELECT customer_id FROM search_customers
WHERE customer_id = ANY ($1::text[]) AND branch_id = ANY ($2::text[]);
