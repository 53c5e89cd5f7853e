-- $1 branches, $2 kept, broken or live (null: any); $3 how many promises, $4 customer and $5
-- currency of the last one shown (null: from the most on), $6 how many customers.
SELECT p.*
FROM (
    SELECT a.customer_id, a.branch_id, a.currency, a.promises_kept AS kept,
           a.promises_broken AS broken, a.promises_live AS live,
           CASE $2::text WHEN 'kept' THEN a.promises_kept WHEN 'broken' THEN a.promises_broken
                         WHEN 'live' THEN a.promises_live
                         ELSE a.promises_kept + a.promises_broken + a.promises_live
           END AS counted
    FROM {accounts} a
    WHERE a.promises_kept + a.promises_broken + a.promises_live > 0
      AND ($1::text[] IS NULL OR a.branch_id = ANY($1))
) AS p
WHERE p.counted > 0
  AND ($3::bigint IS NULL OR (-p.counted, p.customer_id, p.currency) > (-$3, $4::text, $5::text))
ORDER BY -p.counted, p.customer_id, p.currency
LIMIT $6
