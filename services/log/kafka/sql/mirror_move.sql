-- $3 the first place not mirrored yet, $4 how many records were dropped on the way there. What is
-- mirrored ($5) no longer needs its confirmation.
WITH settled AS (
    DELETE FROM log_confirmed WHERE event_id = ANY ($5::uuid[])
)
UPDATE mirror_heads SET next = $3, dropped = dropped + $4
WHERE generation = $1 AND partition = $2
