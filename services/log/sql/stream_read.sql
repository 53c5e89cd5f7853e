-- $1 source, $2 version: the events of a stream after it, in order of sequence. Each by its index,
-- whatever the planner takes a stream's length for: OFFSET keeps it from joining whole tables.
SELECT e.*
FROM admissions a
CROSS JOIN LATERAL (SELECT * FROM events WHERE event_id = a.event_id OFFSET 0) AS e
WHERE a.source = $1 AND a.epoch = 0 AND a.sequence > $2
ORDER BY a.sequence;
