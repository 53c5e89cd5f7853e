-- Customers and what they are worth, by tier. $1 projection, $2 version, $3 how the measures
-- begin, $4 currency, $5 one branch alone or null.
SELECT measure, sum(count)::bigint AS customers, sum(amount_minor)::bigint AS amount_minor
FROM {totals} AS totals
WHERE projection = $1 AND version = $2 AND starts_with(measure, $3) AND currency = $4
  AND ($5::text IS NULL OR branch_id = $5)
GROUP BY 1
ORDER BY 1
