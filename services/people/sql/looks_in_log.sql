-- $1 to $5 as of looks_listed, $6 before which last look (null: any), $7 how many: events of whose looks
-- the log alone tells, the latest first.
SELECT t.last_look, e.*
FROM look_events t JOIN events e USING (event_id)
WHERE t.customers IS NOT NULL
  AND ($1::text IS NULL OR t.staff_id = $1)
  AND ($2::text IS NULL OR t.customers @> ARRAY[$2])
  AND ($3::timestamptz IS NULL OR t.last_at >= $3)
  AND ($4::timestamptz IS NULL OR t.first_at < $4)
  AND ($5::bigint IS NULL OR t.first_look < $5)
  AND ($6::bigint IS NULL OR t.last_look < $6)
ORDER BY t.last_look DESC
LIMIT $7
