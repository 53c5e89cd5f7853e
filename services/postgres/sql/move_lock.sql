-- One move at a time; held until the session ends.
SELECT pg_try_advisory_lock(hashtext('touchstone move'));
