SELECT measure, currency, branch_id, day, sum(count)::bigint AS items,
       sum(amount_minor)::bigint AS amount_minor
FROM totals WHERE projection = $1 AND version = $2
GROUP BY measure, currency, branch_id, day
HAVING sum(count) <> 0 OR sum(amount_minor) <> 0
