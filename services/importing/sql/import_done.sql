-- $1 file, $2 counts, $3 now: tried or imported to its end; once imported, what it holds goes.
WITH gone AS (
    DELETE FROM import_parts p USING imports i
    WHERE p.import_id = $1 AND i.import_id = $1 AND i.state = 'importing'
)
UPDATE imports
SET state = CASE state WHEN 'trying' THEN 'tried' ELSE 'imported' END, report = $2, ended_at = $3,
    done = rows
WHERE import_id = $1;
