-- $1 staff_id, $2 now
UPDATE staff_accounts SET locked_at = coalesce(locked_at, $2) WHERE staff_id = $1 RETURNING staff_id;
