-- A page of the cases behind a figure, with what each adds to it; all parts come from the figure.
SELECT c.customer_id, c.case_id, c.kind, c.category, c.status, c.department, c.branch_id,
       c.opened_at, f.amount
FROM {cases} c
CROSS JOIN LATERAL (SELECT coalesce(({amount}), 0)::bigint AS amount) f
WHERE {conditions} AND f.amount > 0
ORDER BY {order}
LIMIT {limit}
