-- $1 source, $2 version: what was admitted of a stream after it, in order of sequence. One
-- statement, so one look: what the mirror does not have yet is confirmed, or else still pending.
-- Each by its index, as in stream_read.
SELECT e.*,
    c.generation AS confirmed_generation, c.partition AS confirmed_partition, c.n AS confirmed_n,
    c.headers AS confirmed_headers, c.data AS confirmed_data,
    p.partition AS pending_partition
FROM admissions a
LEFT JOIN LATERAL (SELECT * FROM events WHERE event_id = a.event_id OFFSET 0) AS e ON true
LEFT JOIN LATERAL (
    SELECT * FROM log_confirmed WHERE event_id = a.event_id AND e.event_id IS NULL OFFSET 0
) AS c ON true
LEFT JOIN LATERAL (
    SELECT * FROM log_pending WHERE event_id = a.event_id AND e.event_id IS NULL OFFSET 0
) AS p ON true
WHERE a.source = $1 AND a.epoch = 0 AND a.sequence > $2
ORDER BY a.sequence;
