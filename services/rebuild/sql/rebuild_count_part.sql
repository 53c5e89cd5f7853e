UPDATE rebuild_parts SET customers = $3, events = $4 WHERE walk_id = $1 AND part = $2
