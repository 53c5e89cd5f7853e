-- $1 hash, $2 now, $3 seen since: the session, whether its account administers, and where the
-- newest rule lies, by which its member of staff is judged.
SELECT s.session_id, s.staff_id, s.way, s.program, s.begun_at, s.seen_at, s.ends_at,
    coalesce(a.administrator, false) AS administrator,
    coalesce(rule.generation, 0) AS generation, coalesce(rule.n, -1) AS n
FROM staff_sessions s
LEFT JOIN staff_accounts a USING (staff_id)
LEFT JOIN LATERAL (
    SELECT e.generation, e.n FROM generations g
    CROSS JOIN LATERAL (
        SELECT generation, n FROM events
        WHERE events.generation = g.generation AND partition = 12
        ORDER BY n DESC LIMIT 1
    ) e
    ORDER BY g.generation DESC LIMIT 1
) AS rule ON true
WHERE s.hash = $1 AND s.ends_at > $2 AND s.seen_at > $3 AND a.locked_at IS NULL;
