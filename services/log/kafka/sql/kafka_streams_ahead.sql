-- $1 sources: those of whose streams the mirror does not have everything yet. Each by its index, as
-- in stream_read.
SELECT DISTINCT s.source
FROM unnest($1::text[]) AS s (source)
CROSS JOIN LATERAL (
    SELECT event_id FROM admissions
    WHERE source = s.source AND epoch = 0 AND sequence > 0
    OFFSET 0
) AS a
LEFT JOIN LATERAL (SELECT event_id FROM events WHERE event_id = a.event_id OFFSET 0) AS e ON true
WHERE e.event_id IS NULL
