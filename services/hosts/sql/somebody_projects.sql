-- The lock's 64 bits are hashtext's 32 with their sign; pg_locks shows them in two halves.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = hashtext('touchstone projector')::bigint
)
