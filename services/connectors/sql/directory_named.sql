-- $1 tokens of numbers: whose they are, and the events that first named them.
SELECT r.token, r.customer_id, s.head, e.event_id, e.data
FROM search_references r
JOIN search_customers s USING (customer_id)
JOIN events e USING (event_id)
WHERE r.token = ANY ($1::bigint[]);
