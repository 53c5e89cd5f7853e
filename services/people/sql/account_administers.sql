-- $1 staff_id, $2 whether
UPDATE staff_accounts SET administrator = $2 WHERE staff_id = $1 RETURNING staff_id;
