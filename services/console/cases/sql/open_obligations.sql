-- $1 customers and $2 their cases: what is still owed on them, the most urgent first.
SELECT o.*
FROM unnest($1::text[], $2::text[]) AS s (customer_id, case_id)
JOIN {obligations} o USING (customer_id, case_id)
WHERE o.status = 'open'
ORDER BY o.due_at, o.obligation_id
