-- $1 id, $2 staff_id: in a demonstration one may be anybody.
UPDATE staff_sessions SET staff_id = $2 WHERE session_id = $1 AND way = 'demonstration'
RETURNING session_id;
