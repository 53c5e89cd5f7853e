-- $1 member of staff, $2 customer (null: any), $3 from and $4 before which instant (null: any), $5
-- before which look (null: from the newest on), $6 how many: looks that have rows.
SELECT l.look, l.at, l.staff_id, l.customer_id, l.page
FROM {looks} AS l
WHERE ($1::text IS NULL OR l.staff_id = $1)
  AND ($2::text IS NULL OR l.customer_id = $2)
  AND ($3::timestamptz IS NULL OR l.at >= $3)
  AND ($4::timestamptz IS NULL OR l.at < $4)
  AND ($5::bigint IS NULL OR l.look < $5)
ORDER BY l.look DESC
LIMIT $6
