-- $1 entry, $2 state, $3 reason, $4 now: settle an entry that waits; its event is let go of.
UPDATE quarantine
SET state = $2, settled_reason = $3, settled_at = $4, sealed = NULL
WHERE quarantine_id = $1 AND state = 'waiting'
RETURNING quarantine_id;
