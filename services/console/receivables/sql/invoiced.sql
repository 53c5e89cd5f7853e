-- Sums by currency over the last $7 local days of each branch, today included.
-- $1 projection, $2 version, $3 measure, $4 branches, $5 their todays (ordinals),
-- $6 today elsewhere, $8 one branch alone or null.
SELECT t.currency, sum(t.amount_minor)::bigint AS amount_minor
FROM {totals} t
LEFT JOIN unnest($4::text[], $5::integer[]) AS b (branch_id, today) USING (branch_id)
WHERE t.projection = $1 AND t.version = $2 AND t.measure = $3
  AND t.day BETWEEN $6 - 1 - $7 AND $6 + 1
  AND coalesce(b.today, $6) - t.day BETWEEN 0 AND $7 - 1
  AND ($8::text IS NULL OR t.branch_id = $8)
GROUP BY 1
