-- $1 feed, $2 call, $3 staff, $4 now: this one has taken it, and it rings no more at others'.
WITH taken AS (
    UPDATE call_pops SET is_taken = true, since = $4
    WHERE feed = $1 AND call_id = $2 AND staff_id = $3 AND NOT is_taken RETURNING staff_id
), withdrawn AS (
    DELETE FROM call_pops
    WHERE feed = $1 AND call_id = $2 AND staff_id <> $3 AND NOT is_taken RETURNING staff_id
)
SELECT pg_notify('touchstone_calls', staff_id)
FROM (SELECT staff_id FROM taken UNION ALL SELECT staff_id FROM withdrawn) AS told;
