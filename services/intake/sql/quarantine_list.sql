-- $1 branch or null for all, $2 settled ones too, $3 how many: the latest first.
SELECT * FROM quarantine
WHERE ($1::text IS NULL OR branch_id = $1) AND ($2 OR state = 'waiting')
ORDER BY last_received_at DESC, quarantine_id
LIMIT $3;
