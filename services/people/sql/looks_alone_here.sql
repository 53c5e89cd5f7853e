-- Whether this transaction is the only one that writes down which events tell of looks.
SELECT pg_try_advisory_xact_lock(hashtext('touchstone looks'))
