-- $1 event: the event, once the table has it.
SELECT * FROM events WHERE event_id = $1;
