-- The terms of interest that runs and is owed, with each branch's own local today.
-- $1 projection, $2 version, $3 measures, $4 how the other measures begin, $5 branches,
-- $6 their todays (ordinals), $7 today elsewhere, $8 the branches that are asked about, or null.
SELECT t.branch_id,
       t.currency,
       t.measure,
       t.day,
       coalesce(b.today, $7) AS today,
       t.amount_minor
FROM {totals} t
LEFT JOIN unnest($5::text[], $6::integer[]) AS b (branch_id, today) USING (branch_id)
WHERE t.projection = $1 AND t.version = $2 AND t.amount_minor <> 0
  AND (t.measure = ANY($3::text[]) OR starts_with(t.measure, $4))
  AND ($8::text[] IS NULL OR t.branch_id = ANY($8))
