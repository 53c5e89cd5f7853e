-- Copies of the events that belong to no walk any more.
SELECT tablename FROM pg_tables
WHERE schemaname = current_schema() AND tablename ~ '^walk_spool_[0-9]+$'
  AND NOT EXISTS (SELECT FROM rebuild_walks WHERE tablename = 'walk_spool_' || walk_id)
