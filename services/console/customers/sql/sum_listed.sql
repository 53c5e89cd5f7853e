-- What the customers whom the list's filter finds are worth and owe, as far as the limit. Accounts
-- are looked up one by one: joined, all of the company's would be walked for those of some.
WITH found AS MATERIALIZED (
    SELECT s.customer_id, s.currency, s.contemporary_minor
    FROM {source} WHERE {conditions} LIMIT {limit}
)
SELECT 'value' AS what, currency, count(*) AS customers,
       sum(contemporary_minor)::bigint AS amount_minor, 0::bigint AS overdue_minor
FROM found GROUP BY currency
UNION ALL
SELECT 'owed', own.currency, count(*), sum(own.outstanding_minor)::bigint,
       sum(own.overdue_minor)::bigint
FROM found
CROSS JOIN LATERAL (
    SELECT a.currency, a.outstanding_minor, a.overdue_minor FROM {accounts} a
    WHERE a.customer_id = found.customer_id AND a.outstanding_minor <> 0
    OFFSET 0
) AS own
GROUP BY own.currency
