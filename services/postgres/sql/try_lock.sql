-- $1 what is held: by one session at a time, until it lets go or ends.
SELECT pg_try_advisory_lock(hashtext($1));
