-- $1 how many of each department, $2 one branch alone or null: cases under way by the department
-- in charge, and what other departments owe on them.
WITH work AS (
    SELECT coalesce(c.department, '') AS department, c.customer_id, c.case_id, c.branch_id,
           c.kind, c.priority, c.owner, c.status, c.escalation,
           NULL::text AS obligation_id, NULL::text AS owes,
           CASE WHEN a.pending THEN 'response' ELSE 'solution' END AS clock,
           CASE WHEN a.pending THEN c.response_due_at ELSE c.solution_due_at END AS due_at,
           CASE WHEN a.pending THEN NULL ELSE c.solution_left_s END AS left_s,
           c.solution_breached_at AS breached_at
    FROM {cases} c
    CROSS JOIN LATERAL (
        SELECT c.response_met_at IS NULL AND c.response_breached_at IS NULL
               AND c.response_due_at IS NOT NULL AS pending
    ) AS a
    WHERE c.status IN ('open', 'waiting') AND ($2::text IS NULL OR c.branch_id = $2)
    UNION ALL
    SELECT o.department, o.customer_id, o.case_id, o.branch_id,
           c.kind, c.priority, o.agent, c.status, NULL,
           o.obligation_id, o.owes, 'obligation', o.due_at, NULL, o.breached_at
    FROM {obligations} o
    JOIN {cases} c USING (customer_id, case_id)
    WHERE o.status = 'open' AND ($2::text IS NULL OR o.branch_id = $2)
), placed AS (
    SELECT *,
           row_number() OVER (PARTITION BY department
               ORDER BY breached_at IS NULL, due_at, customer_id, case_id, obligation_id) AS place,
           count(*) OVER (PARTITION BY department) AS items,
           count(breached_at) OVER (PARTITION BY department) AS breached_items
    FROM work
)
SELECT * FROM placed
WHERE place <= $1
ORDER BY department = '', department, place
