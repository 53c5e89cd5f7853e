-- $1 at most so many: customers whom a projection parked, and what casework could not do by itself.
SELECT projection, version, customer_id, NULL AS case_id, parked_at, parked_event_id, parked_reason
FROM projection_heads WHERE parked_reason IS NOT NULL
UNION ALL
SELECT work, NULL, customer_id, case_id, parked_at, event_id, reason FROM parked_work
ORDER BY parked_at, customer_id LIMIT $1
