-- $1 customers: whom each is merged into just now, itself where it is not.
SELECT customer_id, head FROM search_customers WHERE customer_id = ANY ($1::text[]);
