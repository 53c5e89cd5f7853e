-- $1 feed, $2 call, $3 staff, $4 branch, $5 direction, $6 line, $7 customers, $8 sealed number, $9 now:
-- it rings at somebody's telephone, who is told.
WITH rings AS (
    INSERT INTO call_pops AS p
        (feed, call_id, staff_id, branch_id, direction, line, customers, sealed, is_taken, since)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false, $9)
    ON CONFLICT (feed, call_id, staff_id) DO UPDATE
    SET customers = excluded.customers, sealed = coalesce(excluded.sealed, p.sealed)
    RETURNING staff_id
)
SELECT pg_notify('touchstone_calls', staff_id) FROM rings;
