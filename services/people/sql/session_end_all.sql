-- $1 staff_id, $2 the session that goes on, or null
DELETE FROM staff_sessions WHERE staff_id = $1 AND session_id IS DISTINCT FROM $2
RETURNING session_id;
