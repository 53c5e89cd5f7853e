-- What was put off, the next to come back first; $1 department (null: any), $2 now, $3 how many.
SELECT c.case_id, c.customer_id, c.branch_id, c.kind, c.priority, c.put_off_until
FROM {cases} c
WHERE c.put_off_until > $2 AND ($1::text IS NULL OR c.department = $1)
ORDER BY c.put_off_until, c.customer_id, c.case_id
LIMIT $3
