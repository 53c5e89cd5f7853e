-- The size of the events' table, and whether a walk by customer reads it at random: it is larger
-- than an eighth of what the server is told of memory for files, so that hardly all of it lies
-- there before the walk, and customers do not lie in order in it.
SELECT size AS bytes,
       size > pg_size_bytes(current_setting('effective_cache_size')) / 8
           AND coalesce(abs(s.correlation), 0) < 0.9 AS random
FROM pg_table_size('events') AS size
LEFT JOIN pg_stats s
    ON s.schemaname = current_schema() AND s.tablename = 'events' AND s.attname = 'customer_id'
