-- What is searched: a reference or its end, of customers of the branches that may be seen:
-- {conditions}; the {limit} named last.
SELECT r.customer_id, r.head, r.branch_id, r.day, e.event_id, e.data
FROM (
    SELECT r.customer_id, s.head, s.branch_id, r.day, r.event_id
    FROM search_references r JOIN search_customers s USING (customer_id)
    WHERE {conditions}
    ORDER BY r.day DESC
    LIMIT {limit}
) AS r
JOIN events e USING (event_id)
ORDER BY r.day DESC, r.customer_id;
