-- $1 hash: the key that is in force.
SELECT key_id, branch_id, headquarters FROM branch_keys WHERE hash = $1 AND revoked_at IS NULL;
