-- Who has work that the list's filter finds, of all phases.
SELECT w.customer_id
FROM (
    (
        SELECT DISTINCT i.customer_id FROM {items} i {items_joins}
        WHERE i.status = 'open' AND {items_where}
        ORDER BY i.customer_id
        LIMIT {limit}
    )
    UNION
    (
        SELECT DISTINCT r.customer_id FROM {requests} r
        WHERE {requests_where}
        ORDER BY r.customer_id
        LIMIT {limit}
    )
) AS w
ORDER BY w.customer_id
LIMIT {limit}
