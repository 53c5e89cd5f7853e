-- $1 stored as, $2 version.
INSERT INTO totals
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT projection, version, partition, measure, currency, branch_id, day,
       sum(count), sum(amount_minor)
FROM rebuild_totals WHERE projection = $1 AND version = $2
GROUP BY projection, version, partition, measure, currency, branch_id, day
