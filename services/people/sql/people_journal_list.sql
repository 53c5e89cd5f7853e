-- $1 staff_id or null, $2 how many: the latest first.
SELECT n, at, by, act, staff_id, about FROM people_journal
WHERE $1::text IS NULL OR staff_id = $1
ORDER BY n DESC LIMIT $2;
