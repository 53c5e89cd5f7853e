-- $1 projection, $2 version, $3 stored as: sums that are missing, or not those of the build's shares.
INSERT INTO totals AS t
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT $1, $2, b.partition, b.measure, b.currency, b.branch_id, b.day, b.count, b.amount_minor
FROM (SELECT partition, measure, currency, branch_id, day,
             sum(count) AS count, sum(amount_minor) AS amount_minor
      FROM rebuild_totals WHERE projection = $3 AND version = $2
      GROUP BY partition, measure, currency, branch_id, day) AS b
LEFT JOIN totals l
       ON l.projection = $1 AND l.version = $2 AND l.measure = b.measure AND l.day = b.day
      AND l.currency = b.currency AND l.branch_id = b.branch_id AND l.partition = b.partition
WHERE (l.count, l.amount_minor) IS DISTINCT FROM (b.count, b.amount_minor)
ON CONFLICT (projection, version, measure, day, currency, branch_id, partition) DO UPDATE
SET count = excluded.count, amount_minor = excluded.amount_minor
