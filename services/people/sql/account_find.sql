-- $1 staff_id
SELECT staff_id, administrator, password_hash, totp_sealed, totp_since, totp_step, recovery_hashes,
    locked_at
FROM staff_accounts WHERE staff_id = $1;
