-- What the customers whom the list's filter finds are worth and owe, as far as the limit.
WITH found AS MATERIALIZED (
    SELECT s.customer_id, s.currency, s.contemporary_minor
    FROM {source} WHERE {conditions} LIMIT {limit}
)
SELECT 'value' AS what, currency, count(*) AS customers,
       sum(contemporary_minor)::bigint AS amount_minor, 0::bigint AS overdue_minor
FROM found GROUP BY currency
UNION ALL
SELECT 'owed', a.currency, count(*), sum(a.outstanding_minor)::bigint, sum(a.overdue_minor)::bigint
FROM found JOIN {accounts} a ON a.customer_id = found.customer_id
WHERE a.outstanding_minor <> 0
GROUP BY a.currency
