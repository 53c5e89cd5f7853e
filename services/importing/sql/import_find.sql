-- $1 file.
SELECT * FROM imports WHERE import_id = $1;
