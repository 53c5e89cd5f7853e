-- $1 subjects, $2 a new wrapped key for each: give each subject a key unless it ever had one.
-- In order, so that two batches never wait for each other. A key that another transaction
-- commits meanwhile shows up in neither part: its subject is asked for again.
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::bytea[]) AS w (subject, wrapped_key)
), made AS (
    INSERT INTO subject_keys (subject, wrapped_key)
    SELECT w.subject, w.wrapped_key FROM wanted w
    WHERE NOT EXISTS (SELECT FROM subject_keys k WHERE k.subject = w.subject)
    ORDER BY w.subject
    ON CONFLICT DO NOTHING
    RETURNING subject, wrapped_key
)
SELECT subject, wrapped_key FROM made
UNION ALL
SELECT k.subject, k.wrapped_key FROM subject_keys k JOIN wanted w USING (subject);
