-- $1 events that the log has.
UPDATE look_events SET is_in_log = true WHERE event_id = ANY ($1::uuid[])
