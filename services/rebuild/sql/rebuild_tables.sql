-- $1 what the tables' names begin with, as a pattern: each with the bytes it takes on disk.
SELECT tablename, pg_total_relation_size(quote_ident(tablename)::regclass) AS bytes
FROM pg_tables WHERE schemaname = current_schema() AND tablename ~ $1
ORDER BY tablename
