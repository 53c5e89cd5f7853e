WITH latest AS (
    SELECT next_n FROM log_heads WHERE partition = 12 ORDER BY generation DESC LIMIT 1
)
SELECT count(*) AS customers,
       count(*) FILTER (
           WHERE policy_count < (SELECT next_n FROM latest) AND parked_reason IS NULL
       ) AS under_older_policies,
       count(*) FILTER (WHERE next_change_at <= $3) AS overdue,
       count(*) FILTER (WHERE parked_reason IS NOT NULL) AS parked
FROM projection_heads
WHERE projection = $1 AND version = $2
