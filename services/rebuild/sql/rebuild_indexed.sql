-- $1 projection, $2 walk: whether the build is there with its keys and sums.
SELECT TRUE FROM rebuilds
WHERE projection = $1 AND walk_id = $2 AND indexed_at IS NOT NULL
FOR NO KEY UPDATE
