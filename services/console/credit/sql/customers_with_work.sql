-- Who has work that the list's filter finds, of all phases.
SELECT DISTINCT w.customer_id
FROM (
    (SELECT i.customer_id FROM {items} i {items_joins} WHERE i.status = 'open' AND {items_where})
    UNION ALL
    (SELECT r.customer_id FROM {requests} r WHERE {requests_where})
) AS w
ORDER BY w.customer_id
LIMIT {limit}
