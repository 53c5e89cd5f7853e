-- $1 work, $2 task, $3 case, $4 customer, $5 event, $6 why, $7 now. The pauses double from ten seconds
-- to a little over an hour.
INSERT INTO parked_work AS p
    (work, id, case_id, customer_id, event_id, reason, parked_at, tries, next_try_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz, 1, $7::timestamptz + interval '10 seconds')
ON CONFLICT (work, id) DO UPDATE
SET reason = excluded.reason,
    tries = p.tries + 1,
    next_try_at = $7::timestamptz + interval '10 seconds' * 2 ^ least(p.tries, 9)
RETURNING next_try_at;
