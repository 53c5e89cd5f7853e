-- $1 key, $2 now: revoked from now on, or since it was.
UPDATE branch_keys SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1
RETURNING branch_id, staff_id, revoked_at;
