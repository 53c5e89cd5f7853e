-- Those of the {among} customers heard of last whose tokens meet the {conditions}.
SELECT s.customer_id, s.branch_id, l.latest
FROM (
    SELECT customer_id, latest FROM search_latest ORDER BY latest DESC, customer_id LIMIT {among}
) AS l
JOIN search_customers s USING (customer_id)
WHERE {conditions}
ORDER BY l.latest DESC, s.customer_id
LIMIT {limit};
