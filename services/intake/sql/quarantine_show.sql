-- $1 the quarantine's own id, or the event's.
SELECT * FROM quarantine WHERE quarantine_id = $1 OR event_id = $1
ORDER BY last_received_at DESC, quarantine_id;
