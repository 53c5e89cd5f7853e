-- $1 file, $2 why, $3 now: it cannot be used, and what it holds goes.
WITH gone AS (DELETE FROM import_parts WHERE import_id = $1)
UPDATE imports SET state = 'unusable', why = $2, ended_at = $3 WHERE import_id = $1;
