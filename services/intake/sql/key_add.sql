INSERT INTO branch_keys (key_id, branch_id, staff_id, label, headquarters, hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);
