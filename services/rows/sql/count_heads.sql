-- $1 projection, $2 version, $3 the instant by which changes are due.
WITH stream AS (
    SELECT coalesce(sum(e.policies), 0) AS policies
    FROM generations AS g
    CROSS JOIN LATERAL (
        SELECT count(*) AS policies FROM events
        WHERE events.generation = g.generation AND partition = 12
    ) AS e
)
SELECT count(*) AS customers,
       count(*) FILTER (
           WHERE policy_count < (SELECT policies FROM stream) AND parked_reason IS NULL
       ) AS under_older_policies,
       count(*) FILTER (WHERE next_change_at <= $3) AS overdue,
       count(*) FILTER (WHERE parked_reason IS NOT NULL) AS parked
FROM projection_heads
WHERE projection = $1 AND version = $2
