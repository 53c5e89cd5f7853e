-- $1 customers, $2 the types that name a home branch, merge customers or part them: of each the events
-- that tell where it is at home, and the earliest.
SELECT told.*
FROM unnest($1::text[]) AS asked (customer_id)
CROSS JOIN LATERAL (
    (SELECT * FROM events WHERE customer_id = asked.customer_id AND type = ANY ($2::text[]))
    UNION ALL
    (SELECT * FROM events WHERE customer_id = asked.customer_id
     ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id
     LIMIT 1)
) AS told
