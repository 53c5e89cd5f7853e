-- $1 staff_id: neither an administrator's lock nor one after wrong tries.
UPDATE staff_accounts SET locked_at = NULL, locked_until = NULL, failures = 0 WHERE staff_id = $1
RETURNING staff_id;
