-- $1 id, $2 staff_id or null: the session, of a member of staff where one is named.
DELETE FROM staff_sessions WHERE session_id = $1 AND ($2::text IS NULL OR staff_id = $2)
RETURNING staff_id;
