-- $1 a customer: all whom merges connect with it, in force or not, and itself.
SELECT customer_id FROM merged_with($1)
