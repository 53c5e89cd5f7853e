-- Those of the {among} customers heard of last whose tokens meet the {conditions}. Each is looked
-- up by its id: the tokens asked for are so common that their index would find too many.
SELECT s.customer_id, s.branch_id, l.latest
FROM (
    SELECT customer_id, latest FROM search_latest ORDER BY latest DESC, customer_id LIMIT {among}
) AS l
CROSS JOIN LATERAL (
    SELECT customer_id, branch_id, tokens FROM search_customers
    WHERE customer_id = l.customer_id OFFSET 0
) AS s
WHERE {conditions}
ORDER BY l.latest DESC, s.customer_id
LIMIT {limit};
