-- $1 file: what it holds, in pieces.
SELECT sealed FROM import_parts WHERE import_id = $1 ORDER BY part;
