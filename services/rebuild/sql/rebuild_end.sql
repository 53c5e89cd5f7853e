WITH ended AS (DELETE FROM rebuilds WHERE projection = $1 RETURNING rebuild_id)
DELETE FROM rebuild_totals WHERE rebuild_id IN (SELECT rebuild_id FROM ended)
