-- $1 id, $2 now
UPDATE staff_sessions SET seen_at = $2 WHERE session_id = $1 AND seen_at < $2;
