INSERT INTO totals AS t
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT $1, $2, $3, measure, currency, branch_id, day, items, amount
FROM unnest($4::text[], $5::text[], $6::text[], $7::integer[], $8::bigint[], $9::bigint[])
     AS d (measure, currency, branch_id, day, items, amount)
ON CONFLICT (projection, version, measure, day, currency, branch_id, partition) DO UPDATE
SET count = t.count + excluded.count,
    amount_minor = t.amount_minor + excluded.amount_minor
