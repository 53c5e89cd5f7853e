-- $1 feed, $2 call, $3 staff; null: everybody, $4 since when at the earliest: it is at this
-- telephone no more, nor are calls whose end nobody heard.
WITH gone AS (
    DELETE FROM call_pops
    WHERE feed = $1
        AND (call_id = $2 AND ($3::text IS NULL OR staff_id = $3) OR since < $4)
    RETURNING staff_id
)
SELECT pg_notify('touchstone_calls', staff_id) FROM gone;
