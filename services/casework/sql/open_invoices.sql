-- $1 customer, $2 case: the invoices on which something is open, as the rows know them. They lie with
-- whoever the customer is merged into, and so does the case.
SELECT DISTINCT invoice_id FROM {items}
WHERE customer_id IN (SELECT $1::text UNION SELECT customer_id FROM {cases} WHERE case_id = $2)
    AND status = 'open' AND kind <> 'refund';
