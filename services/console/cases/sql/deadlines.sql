-- The clocks that run out after one instant and by another, the soonest first, from behind a place:
-- of a case under way its first answer and solution, of a resolved one its call-back, and what
-- departments owe. Each of the four walks an index in its order as far as the limit.
SELECT c.*
FROM (
    (
        SELECT w.response_due_at AS due_at, w.customer_id, w.case_id,
               'response' AS clock, '' AS obligation_id, NULL::text AS owes,
               coalesce(w.department, '') AS department, w.owner, w.branch_id,
               w.kind, w.priority, w.status
        FROM {cases} w
        WHERE w.status IN ('open', 'waiting') AND w.response_met_at IS NULL
              AND w.response_due_at > {after} AND w.response_due_at <= {by}
              AND {branch} AND {department} AND {response}
        ORDER BY w.response_due_at, w.customer_id, w.case_id
        LIMIT {limit}
    )
    UNION ALL
    (
        SELECT w.solution_due_at, w.customer_id, w.case_id, 'solution', '', NULL,
               coalesce(w.department, ''), w.owner, w.branch_id, w.kind, w.priority, w.status
        FROM {cases} w
        WHERE w.status IN ('open', 'waiting')
              AND w.solution_due_at > {after} AND w.solution_due_at <= {by}
              AND {branch} AND {department} AND {solution}
        ORDER BY w.solution_due_at, w.customer_id, w.case_id
        LIMIT {limit}
    )
    UNION ALL
    (
        SELECT w.callback_due_at, w.customer_id, w.case_id, 'callback', '', NULL,
               coalesce(w.department, ''), w.owner, w.branch_id, w.kind, w.priority, w.status
        FROM {cases} w
        WHERE w.status = 'resolved'
              AND w.callback_due_at > {after} AND w.callback_due_at <= {by}
              AND {branch} AND {department} AND {callback}
        ORDER BY w.callback_due_at, w.customer_id, w.case_id
        LIMIT {limit}
    )
    UNION ALL
    (
        SELECT w.due_at, w.customer_id, w.case_id, 'obligation', w.obligation_id, w.owes,
               w.department, w.agent, w.branch_id, k.kind, k.priority, k.status
        FROM (
            SELECT *
            FROM {obligations} w
            WHERE w.status = 'open' AND w.due_at > {after} AND w.due_at <= {by}
                  AND {branch} AND {department} AND {obligation}
            ORDER BY w.due_at, w.customer_id, w.case_id, w.obligation_id
            LIMIT {limit}
        ) AS w
        JOIN {cases} k USING (customer_id, case_id)
    )
) AS c
ORDER BY c.due_at, c.customer_id, c.case_id, c.clock, c.obligation_id
LIMIT {limit}
