-- $1 sources: what makes facts of their streams' events, in order of sequence. The first column tells
-- streams apart: the source and, after a control character that is in no name, the customer.
-- Each by its index, as in stream_read.
SELECT s.source || chr(31) || coalesce(e.customer_id, '') AS customer_id,
    e.event_id, e.source, e.branch_id, e.epoch, e.sequence, e.effective_at, e.data
FROM unnest($1::text[]) AS s (source)
CROSS JOIN LATERAL (
    SELECT event_id, sequence FROM admissions
    WHERE source = s.source AND epoch = 0 AND sequence > 0
    OFFSET 0
) AS a
CROSS JOIN LATERAL (SELECT * FROM events WHERE event_id = a.event_id OFFSET 0) AS e
ORDER BY s.source, a.sequence
