-- $1 customers, $2 the types that name a home branch, merge customers or part them: of each, and of
-- everybody whom merges connect with it, the events that tell where it is at home, and the earliest.
SELECT asked, told.*
FROM unnest($1::text[]) AS asked
CROSS JOIN LATERAL merged_with(asked) AS m
CROSS JOIN LATERAL (
    (SELECT * FROM events WHERE customer_id = m.customer_id AND type = ANY ($2::text[]))
    UNION ALL
    (SELECT * FROM events WHERE customer_id = m.customer_id
     ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id
     LIMIT 1)
) AS told
