-- $1 a customer: everybody whom merges connect with it.
SELECT customer_id FROM merged_with($1)
