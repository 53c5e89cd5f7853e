-- $1 id, $2 hash, $3 staff_id, $4 way, $5 program, $6 now, $7 ends_at, $8 how many others go on
WITH too_many AS (
    DELETE FROM staff_sessions WHERE session_id IN (
        SELECT session_id FROM staff_sessions WHERE staff_id = $3
        ORDER BY seen_at DESC, session_id OFFSET $8
    )
)
INSERT INTO staff_sessions (session_id, hash, staff_id, way, program, begun_at, seen_at, ends_at)
SELECT $1, $2, $3, $4, $5, $6, $6, $7
WHERE NOT EXISTS (SELECT FROM staff_accounts WHERE staff_id = $3 AND locked_at IS NOT NULL)
RETURNING session_id;
