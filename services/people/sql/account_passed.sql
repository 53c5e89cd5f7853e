-- $1 staff_id, $2 step of the code, if any, $3 hash of the recovery code, if any, $4 a new hash of
-- the password, if the kept one is outdated, $5 the hash that was verified: the tries are forgotten,
-- unless code or password were used or changed meanwhile.
UPDATE staff_accounts SET
    failures = 0,
    locked_until = NULL,
    totp_step = coalesce($2, totp_step),
    recovery_hashes = CASE WHEN $3::bytea IS NULL THEN recovery_hashes
        ELSE array_remove(recovery_hashes, $3) END,
    password_hash = coalesce($4, password_hash)
WHERE staff_id = $1 AND locked_at IS NULL AND password_hash = $5
    AND ($2::bigint IS NULL OR totp_step IS NULL OR totp_step < $2)
    AND ($3::bytea IS NULL OR $3 = ANY (recovery_hashes))
RETURNING staff_id;
