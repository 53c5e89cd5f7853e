-- $1 cases: whose each is on the board, and whether another system keeps it.
SELECT DISTINCT ON (case_id) case_id, customer_id, branch_id, external
FROM {cases} WHERE case_id = ANY($1::text[])
ORDER BY case_id, customer_id;
