-- Copies of the events for walks that nobody goes on with, and the number by which each is held.
SELECT tablename, substring(tablename FROM '[0-9]+$')::integer AS number FROM pg_tables
WHERE schemaname = current_schema() AND tablename ~ '^passing_spool_[0-9]+$'
