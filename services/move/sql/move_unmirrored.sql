-- $1 generation: acknowledged events that the events table lacks.
SELECT count(*) FROM log_confirmed c
WHERE c.generation = $1 AND NOT EXISTS (SELECT FROM events e WHERE e.event_id = c.event_id);
