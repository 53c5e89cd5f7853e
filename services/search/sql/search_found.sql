-- What is searched: {conditions} on the tokens; at most {limit} of all who have them. Of {few} or more
-- the day on which each was last heard of is not looked up: `search_recent` tells who they are.
WITH candidates AS MATERIALIZED (
    SELECT customer_id, branch_id FROM search_customers WHERE {conditions} LIMIT {limit}
)
SELECT s.customer_id, s.branch_id, l.latest
FROM candidates s
LEFT JOIN LATERAL (
    SELECT latest FROM search_latest
    WHERE customer_id = s.customer_id AND (SELECT count(*) FROM candidates) < {few}
    OFFSET 0
) AS l ON true
ORDER BY l.latest DESC NULLS LAST, s.customer_id;
