-- $1 branch or null for all, $2 how many: the latest first.
SELECT * FROM quarantine
WHERE $1::text IS NULL OR branch_id = $1
ORDER BY last_received_at DESC, quarantine_id
LIMIT $2;
