-- $1 id of an event, $2 type: the event, if it is one of that type about nobody.
SELECT e.* FROM events e WHERE e.event_id = $1::uuid AND e.customer_id IS NULL AND e.type = $2;
