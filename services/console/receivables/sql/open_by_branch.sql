-- Open and overdue sums of each branch. $1 projection, $2 version, $3 measure, $4 branches,
-- $5 their todays (ordinals), $6 today elsewhere.
SELECT t.branch_id,
       t.currency,
       sum(t.amount_minor)::bigint AS open_minor,
       coalesce(sum(t.amount_minor) FILTER (WHERE coalesce(b.today, $6) > t.day), 0)::bigint
           AS overdue_minor
FROM {totals} t
LEFT JOIN unnest($4::text[], $5::integer[]) AS b (branch_id, today) USING (branch_id)
WHERE t.projection = $1 AND t.version = $2 AND t.measure = $3 AND t.count <> 0
GROUP BY 1, 2
ORDER BY 1, 2
