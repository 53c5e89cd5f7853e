-- Which of some customers may be seen, and the tier of each. $1 customers.
SELECT s.customer_id, v.tier
FROM search_customers s
LEFT JOIN {standings} v ON v.customer_id = s.customer_id
WHERE s.customer_id = ANY($1::text[])
