-- The file that waits for the longest.
SELECT * FROM imports WHERE state IN ('trying', 'importing') ORDER BY received_at, import_id LIMIT 1;
