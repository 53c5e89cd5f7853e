-- $1 member of staff or null for all.
SELECT key_id, branch_id, staff_id, label, headquarters, created_at, revoked_at FROM branch_keys
WHERE staff_id IS NOT NULL AND ($1::text IS NULL OR staff_id = $1)
ORDER BY staff_id, created_at, key_id;
