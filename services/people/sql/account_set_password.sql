-- $1 staff_id, $2 hash, $3 now
UPDATE staff_accounts SET password_hash = $2, password_set_at = $3, failures = 0, locked_until = NULL
WHERE staff_id = $1 AND locked_at IS NULL
RETURNING staff_id;
