-- $1 hash: the key that is in force; for a member of staff also where the newest rule lies, by
-- which he or she is judged. Of a locked account no key is in force.
SELECT k.key_id, k.branch_id, k.staff_id, k.headquarters,
    coalesce(rule.generation, 0) AS generation, coalesce(rule.n, -1) AS n
FROM branch_keys k
LEFT JOIN LATERAL (
    SELECT e.generation, e.n FROM generations g
    CROSS JOIN LATERAL (
        SELECT generation, n FROM events
        WHERE events.generation = g.generation AND partition = 12
        ORDER BY n DESC LIMIT 1
    ) e
    ORDER BY g.generation DESC LIMIT 1
) AS rule ON k.staff_id IS NOT NULL
WHERE k.hash = $1 AND k.revoked_at IS NULL
    AND NOT EXISTS (
        SELECT FROM staff_accounts a WHERE a.staff_id = k.staff_id AND a.locked_at IS NOT NULL
    );
