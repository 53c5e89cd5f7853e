-- $1 staff_id or null, $2 now, $3 seen since: the sessions that go on, the one seen last first.
SELECT session_id, staff_id, way, program, begun_at, seen_at, ends_at
FROM staff_sessions
WHERE ($1::text IS NULL OR staff_id = $1) AND ends_at > $2 AND seen_at > $3
ORDER BY seen_at DESC, session_id LIMIT 500;
