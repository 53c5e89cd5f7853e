-- $1 branch or null for all: how many events, and how often they were sent.
SELECT count(*) AS events, coalesce(sum(times), 0)::bigint AS times FROM quarantine
WHERE $1::text IS NULL OR branch_id = $1;
