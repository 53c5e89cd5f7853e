SELECT pg_advisory_unlock(hashtext('touchstone projector'))
