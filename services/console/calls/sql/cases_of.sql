-- The cases of some customers that are not over, the first due first. $1 customers, $2 how many.
SELECT c.customer_id, c.case_id, c.kind, c.priority, c.owner, c.department, c.solution_due_at,
       c.solution_breached_at IS NOT NULL AS is_late, c.branch_id
FROM {cases} c
WHERE c.customer_id = ANY($1::text[]) AND c.status <> 'closed'
ORDER BY c.solution_due_at NULLS LAST, c.customer_id, c.case_id
LIMIT $2
