-- How many cases each department had in hand, and for how long in all.
-- $1 the first and $2 the last day of opening, $3 one branch alone or null.
SELECT d.department, count(*) AS cases, sum(d.held_s)::bigint AS held_s
FROM {cases} c
JOIN {departments} d USING (customer_id, case_id)
WHERE c.opened_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR c.branch_id = $3)
GROUP BY 1
ORDER BY 1
