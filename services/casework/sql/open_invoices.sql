-- $1 customer: the invoices on which something is open, as the rows know them.
SELECT DISTINCT invoice_id FROM {items} WHERE customer_id = $1 AND status = 'open' AND kind <> 'refund';
