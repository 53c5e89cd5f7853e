-- $1 ids: of those let in, what the events table has of them.
SELECT a.event_id, e.customer_id, e.type, e.data, e.recorded_at
FROM admissions a LEFT JOIN events e USING (event_id)
WHERE a.event_id = ANY ($1::uuid[]);
