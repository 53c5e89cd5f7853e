-- What some customers have promised to pay, the next day first. $1 customers, $2 how many.
SELECT i.customer_id, i.item_id, i.promised_on, i.currency, i.balance_minor
FROM {items} i
WHERE i.customer_id = ANY($1::text[]) AND i.status = 'open' AND i.promised_on IS NOT NULL
ORDER BY i.promised_on, i.customer_id, i.item_id
LIMIT $2
