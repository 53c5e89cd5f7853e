-- $1 how many customers, chosen by a hash of the id: no order of ids or of arrival is favoured.
SELECT customer_id
FROM (SELECT DISTINCT customer_id FROM events WHERE customer_id IS NOT NULL) AS everybody
ORDER BY md5(customer_id), customer_id LIMIT $1
