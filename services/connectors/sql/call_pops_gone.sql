-- $1 feed, $2 calls that there are still: of the others nothing is shown any more.
WITH gone AS (
    DELETE FROM call_pops WHERE feed = $1 AND call_id <> ALL ($2::text[]) RETURNING staff_id
)
SELECT pg_notify('touchstone_calls', staff_id) FROM gone;
