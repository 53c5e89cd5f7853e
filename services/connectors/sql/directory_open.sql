-- $1 customers: the invoices on which something is open.
SELECT customer_id, invoice_id, balance_minor, currency FROM {items}
WHERE customer_id = ANY ($1::text[]) AND status = 'open' AND kind <> 'refund' AND balance_minor > 0
ORDER BY due_on, customer_id, item_id;
