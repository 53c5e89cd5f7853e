-- Per department in charge, or that owes something: cases under way, how many of them are waiting
-- or too late, and the same of what is owed. No department: empty, nobody is in charge.
SELECT department,
       sum(cases)::bigint AS cases,
       sum(waiting)::bigint AS waiting,
       sum(late)::bigint AS late,
       sum(owed)::bigint AS owed,
       sum(late_owed)::bigint AS late_owed
FROM (
    SELECT coalesce(w.department, '') AS department, count(*) AS cases,
           count(*) FILTER (WHERE w.status = 'waiting') AS waiting,
           count(w.solution_breached_at) AS late, 0 AS owed, 0 AS late_owed
    FROM {cases} w
    WHERE w.status IN ('open', 'waiting') AND {branch}
    GROUP BY 1
    UNION ALL
    SELECT w.department, 0, 0, 0, count(*), count(w.breached_at)
    FROM {obligations} w
    WHERE w.status = 'open' AND {branch}
    GROUP BY 1
) AS each
GROUP BY department
ORDER BY department = '', department
