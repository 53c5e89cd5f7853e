SELECT pg_advisory_unlock(hashtext('touchstone deliveries'))
