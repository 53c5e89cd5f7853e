-- $1 branches or null for all, $2 how many: the files handed in last.
SELECT * FROM imports WHERE $1::text[] IS NULL OR branch_id = ANY ($1)
ORDER BY received_at DESC, import_id LIMIT $2;
