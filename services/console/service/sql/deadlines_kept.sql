-- How the deadlines of the cycles of cases were kept, by the case's department and branch.
-- $1 the first and $2 the last day of opening, $3 one branch alone or null.
SELECT coalesce(c.department, '') AS department,
       c.branch_id,
       count(*) FILTER (
           WHERE y.response_met_at IS NOT NULL AND y.response_breached_at IS NULL
       ) AS answers_in_time,
       count(y.response_breached_at) AS answers_late,
       count(*) FILTER (
           WHERE y.response_met_at IS NULL AND y.response_breached_at IS NULL
       ) AS answers_open,
       count(*) FILTER (
           WHERE y.solution_met_at IS NOT NULL AND y.solution_breached_at IS NULL
       ) AS solutions_in_time,
       count(y.solution_breached_at) AS solutions_late,
       count(*) FILTER (
           WHERE y.solution_met_at IS NULL AND y.solution_breached_at IS NULL
       ) AS solutions_open
FROM {cases} c
JOIN {cycles} y USING (customer_id, case_id)
WHERE c.opened_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR c.branch_id = $3)
GROUP BY 1, 2
