-- $1 staff_id, $2 failures, $3 locked_until: as if the try had failed; what it is judged by.
UPDATE staff_accounts SET failures = $2, locked_until = $3 WHERE staff_id = $1
RETURNING staff_id, password_hash, totp_sealed, totp_since, totp_step, recovery_hashes;
