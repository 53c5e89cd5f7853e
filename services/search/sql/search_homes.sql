-- $1 customers: the branch and the instant of each one's earliest event.
SELECT asked AS customer_id, e.branch_id, e.effective_at
FROM unnest($1::text[]) AS asked
CROSS JOIN LATERAL (
    SELECT branch_id, effective_at FROM events WHERE customer_id = asked
    ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id
    LIMIT 1
) AS e;
