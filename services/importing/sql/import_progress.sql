-- $1 file, $2 rows done, $3 rows in all.
UPDATE imports SET done = $2, rows = $3 WHERE import_id = $1;
