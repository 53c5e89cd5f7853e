-- $1 branch or null for all: how many events wait, how often they were sent, and how many more
-- there was no room for.
SELECT count(*) AS events, coalesce(sum(times), 0)::bigint AS times,
    (
        SELECT coalesce(sum(o.events), 0)::bigint FROM quarantine_overflow o
        WHERE $1::text IS NULL OR o.branch_id = $1
    ) AS overflow
FROM quarantine
WHERE state = 'waiting' AND ($1::text IS NULL OR branch_id = $1);
