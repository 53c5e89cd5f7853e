-- $1 branch, $2 now, $3 how many: count refused events for which there was no room.
INSERT INTO quarantine_overflow (branch_id, events, last_at) VALUES ($1, $3, $2)
ON CONFLICT (branch_id) DO UPDATE
SET events = quarantine_overflow.events + excluded.events, last_at = excluded.last_at;
