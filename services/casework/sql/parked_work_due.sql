-- $1 work, $2 now, $3 at most so many: what is to be tried again.
SELECT id, case_id, customer_id, event_id FROM parked_work WHERE work = $1 AND next_try_at <= $2
ORDER BY next_try_at, id LIMIT $3;
