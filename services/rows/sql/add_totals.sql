-- By how much sums change: of each $1 projection, $2 version, $3 partition, $4 measure, $5 currency,
-- $6 branch, $7 day, $8 items, $9 amount.
INSERT INTO totals AS t
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT *
FROM unnest($1::text::text[], $2::text::integer[], $3::text::smallint[], $4::text::text[],
            $5::text::text[], $6::text::text[], $7::text::integer[], $8::text::bigint[],
            $9::text::bigint[])
ON CONFLICT (projection, version, measure, day, currency, branch_id, partition) DO UPDATE
SET count = t.count + excluded.count,
    amount_minor = t.amount_minor + excluded.amount_minor
