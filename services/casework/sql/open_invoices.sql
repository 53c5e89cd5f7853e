-- $1 customers, $2 a case of each: the invoices on which something is open, as the rows know them.
-- They lie with whoever the customer is merged into, and so does the case.
SELECT DISTINCT asked.case_id, i.invoice_id
FROM unnest($1::text[], $2::text[]) AS asked (customer_id, case_id)
CROSS JOIN LATERAL (
    SELECT asked.customer_id UNION SELECT customer_id FROM {cases} WHERE case_id = asked.case_id
) AS whose (customer_id)
JOIN {items} i ON i.customer_id = whose.customer_id AND i.status = 'open' AND i.kind <> 'refund';
