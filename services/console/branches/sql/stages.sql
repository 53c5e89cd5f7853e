-- How departments kept what they owed on the cases of each branch, by department.
-- $1 the first and $2 the last day of opening.
SELECT c.branch_id,
       o.department,
       count(*) FILTER (WHERE o.done_at IS NOT NULL AND o.breached_at IS NULL) AS in_time,
       count(o.breached_at) AS late,
       count(*) FILTER (WHERE o.status = 'open' AND o.breached_at IS NULL) AS open
FROM {cases} c
JOIN {obligations} o USING (customer_id, case_id)
WHERE c.opened_on BETWEEN $1 AND $2
GROUP BY 1, 2
ORDER BY 1, 2
