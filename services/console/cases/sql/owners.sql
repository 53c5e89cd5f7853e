-- $1 now: per department and owner the cases under way, how many of them wait or are too late, what
-- is owed and too late, and the next deadline. No department: empty. No owner: null.
SELECT department, owner,
       sum(cases)::bigint AS cases,
       sum(waiting)::bigint AS waiting,
       sum(late)::bigint AS late,
       sum(owed)::bigint AS owed,
       sum(late_owed)::bigint AS late_owed,
       min(next_due_at) AS next_due_at
FROM (
    SELECT coalesce(w.department, '') AS department, w.owner, count(*) AS cases,
           count(*) FILTER (WHERE w.status = 'waiting') AS waiting,
           count(w.solution_breached_at) AS late, 0 AS owed, 0 AS late_owed,
           least(
               min(w.response_due_at) FILTER (
                   WHERE w.response_met_at IS NULL AND w.response_due_at > $1),
               min(w.solution_due_at) FILTER (WHERE w.solution_due_at > $1)
           ) AS next_due_at
    FROM {cases} w
    WHERE w.status IN ('open', 'waiting') AND {branch} AND {in_charge}
    GROUP BY 1, 2
    UNION ALL
    SELECT w.department, w.agent, 0, 0, 0, count(*), count(w.breached_at),
           min(w.due_at) FILTER (WHERE w.due_at > $1)
    FROM {obligations} w
    WHERE w.status = 'open' AND {branch} AND {owing}
    GROUP BY 1, 2
) AS each
GROUP BY department, owner
ORDER BY department = '', department, owner IS NOT NULL, owner
LIMIT {limit}
