-- $1 case: whose it is on the board, and whether another system keeps it.
SELECT customer_id, branch_id, external FROM {cases} WHERE case_id = $1 ORDER BY customer_id LIMIT 1;
