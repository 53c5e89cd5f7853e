-- $1 file: it was tried, and is to be imported.
UPDATE imports SET state = 'importing', done = 0, report = NULL, ended_at = NULL
WHERE import_id = $1 AND state = 'tried';
