UPDATE rebuild_parts SET customers = $3, events = $4 WHERE rebuild_id = $1 AND part = $2
