-- What is searched: {conditions} on the tokens; at most {limit} of all who have them.
SELECT s.customer_id, s.branch_id, l.latest
FROM (
    SELECT customer_id, branch_id FROM search_customers WHERE {conditions} LIMIT {limit}
) AS s
LEFT JOIN search_latest l USING (customer_id)
ORDER BY l.latest DESC NULLS LAST, s.customer_id;
