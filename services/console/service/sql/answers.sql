-- What customers said in calls: outcomes, and scores by driver, by the case's department and branch.
-- $1 the first and $2 the last day of opening, $3 one branch alone or null.
SELECT coalesce(c.department, '') AS department,
       c.branch_id,
       s.about,
       s.name,
       sum(s.answers)::bigint AS answers,
       sum(s.total)::bigint AS total
FROM {cases} c
JOIN {answers} s USING (customer_id, case_id)
WHERE c.opened_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR c.branch_id = $3)
GROUP BY 1, 2, 3, 4
