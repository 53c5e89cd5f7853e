-- $1 stored as, $2 version, $3 the rebuild.
INSERT INTO totals
    (projection, version, partition, measure, currency, branch_id, day, count, amount_minor)
SELECT $1, $2, partition, measure, currency, branch_id, day, sum(count), sum(amount_minor)
FROM rebuild_totals WHERE rebuild_id = $3
GROUP BY partition, measure, currency, branch_id, day
