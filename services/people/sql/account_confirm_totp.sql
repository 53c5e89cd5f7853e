-- $1 staff_id, $2 now, $3 step, $4 hashes of recovery codes, $5 the sealed secret that was tried
UPDATE staff_accounts SET totp_since = $2, totp_step = $3, recovery_hashes = $4
WHERE staff_id = $1 AND totp_since IS NULL AND totp_sealed = $5
RETURNING staff_id;
