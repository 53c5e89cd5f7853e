SELECT c.case_id FROM {cases} c
WHERE {conditions}
ORDER BY c.customer_id, c.case_id
LIMIT {limit}
