-- $1 ids, $2 members of staff, $3 branches, $4 first and $5 last looks, $6 when the first and $7 the last
-- happened: events that are to be appended to the log.
INSERT INTO look_events (event_id, staff_id, branch_id, first_look, last_look, first_at, last_at)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[]
)
