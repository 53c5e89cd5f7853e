-- $1 projections, $2 their versions, $3 kind, $4 branch, $5 customer (null: any), $6 and $7 the last
-- alert shown (null: from the newest on), $8 how many.
SELECT *
FROM alerts
WHERE (projection, version) IN (SELECT * FROM unnest($1::text[], $2::int[]))
  AND ($3::text IS NULL OR kind = $3)
  AND ($4::text IS NULL OR branch_id = $4)
  AND ($5::text IS NULL OR customer_id = $5)
  AND ($6::timestamptz IS NULL OR (since <= $6 AND (since < $6 OR alert_id > $7::uuid)))
ORDER BY since DESC, alert_id
LIMIT $8
