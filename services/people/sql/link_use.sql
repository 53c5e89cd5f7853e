-- $1 hash, $2 now: it is good once.
DELETE FROM staff_links WHERE hash = $1 AND ends_at > $2 RETURNING staff_id;
