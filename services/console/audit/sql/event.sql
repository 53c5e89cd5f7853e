-- $1 the id of an event.
SELECT * FROM events WHERE event_id = $1::uuid
