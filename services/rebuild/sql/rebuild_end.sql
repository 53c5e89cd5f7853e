-- A build is switched: its line goes, with the last of a walk the walk too.
WITH ended AS (DELETE FROM rebuilds WHERE projection = $1 RETURNING walk_id)
DELETE FROM rebuild_walks w USING ended e
WHERE w.walk_id = e.walk_id
  AND NOT EXISTS (SELECT FROM rebuilds r WHERE r.walk_id = w.walk_id AND r.projection <> $1)
