-- How much work of all phases the list's filter finds, counted as far as the limit.
SELECT count(*) FROM (
    (SELECT 1 FROM {items} i {items_joins} WHERE i.status = 'open' AND {items_where} LIMIT {limit})
    UNION ALL
    (SELECT 1 FROM {requests} r WHERE {requests_where} LIMIT {limit})
) AS found
