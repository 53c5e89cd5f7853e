-- $1 projection, $2 walk, $3 its parts: whether the build is there and every part of it.
SELECT TRUE FROM rebuilds
WHERE projection = $1 AND walk_id = $2
  AND $3 = (SELECT count(*) FROM rebuild_parts WHERE walk_id = $2 AND done_at IS NOT NULL)
FOR NO KEY UPDATE OF rebuilds
