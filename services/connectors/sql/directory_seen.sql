-- $1 ids of events: those that were let in.
SELECT event_id FROM admissions WHERE event_id = ANY ($1::uuid[]);
