-- The most urgent case of our own that nobody has taken; $1 department (null: any), $2 now.
SELECT c.case_id, c.customer_id
FROM {cases} c
WHERE c.status IN ('open', 'waiting') AND c.owner IS NULL AND NOT c.external
  AND ($1::text IS NULL OR c.department = $1)
  AND (c.put_off_until IS NULL OR c.put_off_until <= $2)
ORDER BY c.solution_due_at, c.customer_id, c.case_id
LIMIT 1
