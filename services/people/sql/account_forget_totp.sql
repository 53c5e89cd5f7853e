-- $1 staff_id
UPDATE staff_accounts SET totp_sealed = NULL, totp_since = NULL, totp_step = NULL,
    recovery_hashes = '{}'
WHERE staff_id = $1 RETURNING staff_id;
