-- $1 currency, $2 amount, $3 how many: customers of whom just so much is open on an invoice.
SELECT customer_id, invoice_id, branch_id FROM {items} i
WHERE status = 'open' AND currency = $1 AND -balance_minor = -$2::bigint AND kind <> 'refund'
ORDER BY customer_id, item_id
LIMIT $3;
