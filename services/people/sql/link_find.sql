-- $1 hash, $2 now: whose link it is, if it is good.
SELECT l.staff_id FROM staff_links l JOIN staff_accounts a USING (staff_id)
WHERE l.hash = $1 AND l.ends_at > $2 AND a.locked_at IS NULL;
