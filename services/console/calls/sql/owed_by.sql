-- What some customers owe, by currency. $1 customers.
SELECT a.customer_id, a.currency, a.outstanding_minor, a.overdue_minor
FROM {accounts} a
WHERE a.customer_id = ANY($1::text[]) AND a.outstanding_minor <> 0
ORDER BY a.customer_id, a.overdue_minor DESC, a.currency
