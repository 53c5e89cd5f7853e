-- $1 hash, $2 staff_id, $3 ends_at: the one link of an account; earlier ones end.
WITH earlier AS (DELETE FROM staff_links WHERE staff_id = $2)
INSERT INTO staff_links (hash, staff_id, ends_at) VALUES ($1, $2, $3);
