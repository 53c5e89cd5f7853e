-- The most urgent cases under way by the department in charge, and what departments owe on them,
-- up to a limit of each department. Either half walks an index in its order as far as that.
SELECT work.*
FROM unnest({named}::text[]) WITH ORDINALITY AS d (department, n)
CROSS JOIN LATERAL (
    (
        SELECT d.department, w.customer_id, w.case_id, w.branch_id,
               w.kind, w.priority, w.owner, w.status, w.escalation,
               NULL::text AS obligation_id, NULL::text AS owes,
               CASE WHEN a.pending THEN 'response' ELSE 'solution' END AS clock,
               CASE WHEN a.pending THEN w.response_due_at ELSE w.solution_due_at END AS due_at,
               CASE WHEN a.pending THEN NULL ELSE w.solution_left_s END AS left_s,
               w.solution_breached_at AS breached_at
        FROM {cases} w
        CROSS JOIN LATERAL (
            SELECT w.response_met_at IS NULL AND w.response_breached_at IS NULL
                   AND w.response_due_at IS NOT NULL AS pending
        ) AS a
        WHERE w.status IN ('open', 'waiting') AND coalesce(w.department, '') = d.department
              AND {branch}
        ORDER BY (w.solution_breached_at IS NULL), due_at, w.customer_id, w.case_id
        LIMIT {limit}
    )
    UNION ALL
    (
        SELECT d.department, w.customer_id, w.case_id, w.branch_id,
               c.kind, c.priority, w.agent, c.status, NULL,
               w.obligation_id, w.owes, 'obligation', w.due_at, NULL, w.breached_at
        FROM (
            SELECT *
            FROM {obligations} w
            WHERE w.status = 'open' AND w.department = d.department AND {branch}
            ORDER BY w.due_at, w.customer_id, w.case_id, w.obligation_id
            LIMIT {limit}
        ) AS w
        JOIN {cases} c USING (customer_id, case_id)
    )
) AS work
ORDER BY d.n, work.breached_at IS NULL, work.due_at, work.customer_id, work.case_id,
         work.obligation_id
