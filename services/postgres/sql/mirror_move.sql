-- $3 the first place not mirrored yet, $4 how many records were dropped on the way there.
UPDATE mirror_heads SET next = $3, dropped = dropped + $4
WHERE generation = $1 AND partition = $2
