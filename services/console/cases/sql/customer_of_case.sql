SELECT customer_id FROM {cases} c WHERE case_id = $1 ORDER BY customer_id LIMIT 1
