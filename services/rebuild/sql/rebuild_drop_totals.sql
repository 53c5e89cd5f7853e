-- $1 projection, $2 version, $3 stored as: sums in which nothing of the build has a share.
DELETE FROM totals t
WHERE projection = $1 AND version = $2 AND NOT EXISTS (
    SELECT FROM rebuild_totals b
    WHERE b.projection = $3 AND b.version = $2 AND b.measure = t.measure AND b.day = t.day
      AND b.currency = t.currency AND b.branch_id = t.branch_id AND b.partition = t.partition)
