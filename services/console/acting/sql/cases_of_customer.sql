SELECT case_id, kind, opened_at, branch_id FROM {cases}
WHERE customer_id = $1 AND case_id <> $2
ORDER BY opened_at DESC, case_id LIMIT 50
