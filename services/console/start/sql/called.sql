-- Who called last: cases that were opened, and calls that are promised and not made yet.
-- $1 from which day on, $2 how many of either.
SELECT * FROM (
    (SELECT c.opened_at AS at, c.customer_id, c.case_id, c.kind AS what, c.branch_id,
            NULL::timestamptz AS due_at
     FROM {cases} c
     WHERE c.opened_on >= $1
     ORDER BY c.opened_on DESC, c.opened_at DESC
     LIMIT $2)
    UNION ALL
    (SELECT k.promised_at, k.customer_id, NULL, k.purpose, k.branch_id, k.due_at
     FROM {callbacks} k
     WHERE k.status = 'open'
     ORDER BY k.due_at, k.customer_id, k.callback_id
     LIMIT $2)
) AS called
ORDER BY at DESC, customer_id
