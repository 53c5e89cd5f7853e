-- $1 kinds, $2 branches, $3 customer (null: any), $4 the last entry shown (null: from the newest
-- on), $5 how many.
SELECT *
FROM {alert_journal} AS alert_journal
WHERE ($1::text[] IS NULL OR kind = ANY($1))
  AND ($2::text[] IS NULL OR branch_id = ANY($2))
  AND ($3::text IS NULL OR customer_id = $3)
  AND ($4::bigint IS NULL OR ordinal < $4)
ORDER BY ordinal DESC
LIMIT $5
