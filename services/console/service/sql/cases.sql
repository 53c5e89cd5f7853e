-- What cases come to by department and branch. $1 the first and $2 the last day of opening, $3 one
-- branch alone or null.
SELECT coalesce(c.department, '') AS department,
       c.branch_id,
       count(*) AS cases,
       count(*) FILTER (WHERE c.status IN ('open', 'waiting')) AS under_way,
       count(*) FILTER (WHERE c.first_contact) AS first_contact,
       sum(c.handovers)::bigint AS handovers,
       sum(c.returns)::bigint AS returns,
       sum(c.department_handovers)::bigint AS department_handovers,
       sum(c.department_returns)::bigint AS department_returns,
       sum(c.reopened)::bigint AS reopened
FROM {cases} c
WHERE c.opened_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR c.branch_id = $3)
GROUP BY 1, 2
