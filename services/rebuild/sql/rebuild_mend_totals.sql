-- $1 projection, $2 version, $3 stored as.
INSERT INTO totals AS t
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT $1, $2, partition, measure, currency, branch_id, day, b.count, b.amount_minor
FROM totals b WHERE projection = $3 AND version = $2
ON CONFLICT (projection, version, measure, day, currency, branch_id, partition) DO UPDATE
SET count = excluded.count, amount_minor = excluded.amount_minor
WHERE (t.count, t.amount_minor) <> (excluded.count, excluded.amount_minor)
