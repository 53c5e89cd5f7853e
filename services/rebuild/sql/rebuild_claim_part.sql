-- No row: another process did the part, or the walk was started over.
UPDATE rebuild_parts SET done_at = now()
WHERE walk_id = $1 AND part = $2 AND done_at IS NULL
RETURNING part
