-- $1 any constant, $2 branch: count and fill its room alone until the transaction ends.
SELECT pg_advisory_xact_lock($1::int, hashtext($2));
