-- $1 one branch alone or null: cases under way, and how many of them are waiting or too late.
SELECT count(*) AS under_way,
       count(*) FILTER (WHERE status = 'waiting') AS waiting,
       count(*) FILTER (WHERE solution_breached_at IS NOT NULL) AS breached
FROM {cases}
WHERE status IN ('open', 'waiting') AND ($1::text IS NULL OR branch_id = $1)
