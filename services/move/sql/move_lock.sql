-- One move at a time; held until the connection is given back or lost.
SELECT pg_try_advisory_lock(hashtext('touchstone move'));
