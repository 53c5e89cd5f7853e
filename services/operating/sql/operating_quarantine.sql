-- $1 events and $2 bytes that are kept of one branch: how much waits of all, how many events there
-- was no room for, and which part of its room the fullest branch has taken.
WITH of_branch AS (
    SELECT count(*) FILTER (WHERE state = 'waiting') AS events,
           coalesce(sum(octet_length(sealed)), 0)::bigint AS bytes
    FROM quarantine GROUP BY branch_id
)
SELECT coalesce(sum(events), 0)::bigint AS waiting,
       coalesce(max(greatest(events / $1::float8, bytes / $2::float8)), 0)::float8 AS fullest,
       (SELECT coalesce(sum(o.events), 0)::bigint FROM quarantine_overflow o) AS turned_away
FROM of_branch
