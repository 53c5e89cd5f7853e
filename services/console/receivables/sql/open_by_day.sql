-- Sums by days past due, each branch counting from its own local today.
-- $1 projection, $2 version, $3 measure, $4 branches, $5 their todays (ordinals),
-- $6 today elsewhere, $7 some branches alone or null.
SELECT t.currency,
       coalesce(b.today, $6) - t.day AS days_past_due,
       sum(t.count)::bigint AS items,
       sum(t.amount_minor)::bigint AS amount_minor
FROM {totals} t
LEFT JOIN unnest($4::text[], $5::integer[]) AS b (branch_id, today) USING (branch_id)
WHERE t.projection = $1 AND t.version = $2 AND t.measure = $3 AND t.count <> 0
  AND ($7::text[] IS NULL OR t.branch_id = ANY($7))
GROUP BY 1, 2
HAVING sum(t.count) <> 0
ORDER BY 1, 2
