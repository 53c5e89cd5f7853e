INSERT INTO totals AS t
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT $1, $2, $3, measure, currency, branch_id, day, items, amount
FROM unnest($4::text::text[], $5::text::text[], $6::text::text[], $7::text::integer[],
            $8::text::bigint[], $9::text::bigint[])
     AS d (measure, currency, branch_id, day, items, amount)
ON CONFLICT (projection, version, measure, day, currency, branch_id, partition) DO UPDATE
SET count = t.count + excluded.count,
    amount_minor = t.amount_minor + excluded.amount_minor
