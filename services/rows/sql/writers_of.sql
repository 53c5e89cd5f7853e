-- The transactions that may have written to a table and are still under way.
SELECT coalesce(array_agg(virtualtransaction), '{}') FROM pg_locks
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND relation = to_regclass($1)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
