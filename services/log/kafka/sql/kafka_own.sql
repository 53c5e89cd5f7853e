-- $1 class, $2 keys in ascending order: alone append to these partitions until the end of the
-- transaction. Not the heads' locks: others go on admitting meanwhile.
SELECT pg_advisory_xact_lock($1, key) FROM unnest($2::int[]) AS keys (key);
