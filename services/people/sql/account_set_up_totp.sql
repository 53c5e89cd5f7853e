-- $1 staff_id, $2 sealed: not asked for before it was tried.
UPDATE staff_accounts SET totp_sealed = $2, totp_step = NULL
WHERE staff_id = $1 AND totp_since IS NULL
RETURNING staff_id;
