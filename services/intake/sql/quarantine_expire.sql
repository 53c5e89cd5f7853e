-- $1 branch or null for all, $2 instant: let go of what nobody has sent since then.
DELETE FROM quarantine
WHERE last_received_at < $2 AND ($1::text IS NULL OR branch_id = $1);
