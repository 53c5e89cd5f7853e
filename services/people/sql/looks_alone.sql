-- $1 the instant before which they happened, $2 how many: of events whose looks may go, since the events
-- table has them, whom they tell of.
UPDATE look_events t SET customers = (
    SELECT array_agg(DISTINCT l.customer_id) FROM looks l WHERE l.event_id = t.event_id
)
FROM (
    SELECT o.event_id FROM look_events o JOIN events e USING (event_id)
    WHERE o.is_in_log AND o.customers IS NULL AND o.last_at < $1
    ORDER BY o.last_look
    LIMIT $2
) AS over
WHERE t.event_id = over.event_id
RETURNING t.event_id
