-- How departments kept what they owed, by the stage of a flow; without one, handed off by somebody.
-- $1 the first and $2 the last day of opening, $3 one branch alone or null.
SELECT CASE WHEN o.stage IS NULL THEN '' ELSE coalesce(c.flow, '') END AS flow,
       coalesce(o.stage, '') AS stage,
       o.department,
       count(*) FILTER (WHERE o.done_at IS NOT NULL AND o.breached_at IS NULL) AS in_time,
       count(o.breached_at) AS late,
       count(*) FILTER (WHERE o.status = 'open' AND o.breached_at IS NULL) AS open,
       count(*) FILTER (WHERE o.status = 'void' AND o.breached_at IS NULL) AS not_needed,
       coalesce(sum(o.late_s), 0)::bigint AS late_s
FROM {cases} c
JOIN {obligations} o USING (customer_id, case_id)
WHERE c.opened_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR c.branch_id = $3)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
