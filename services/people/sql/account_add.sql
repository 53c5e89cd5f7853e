-- $1 staff_id, $2 administrator, $3 now: the account, unless there is one.
INSERT INTO staff_accounts (staff_id, administrator, made_at) VALUES ($1, $2, $3)
ON CONFLICT (staff_id) DO NOTHING
RETURNING staff_id;
