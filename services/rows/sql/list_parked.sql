SELECT projection, version, customer_id, parked_at, parked_event_id, parked_reason
FROM projection_heads WHERE parked_reason IS NOT NULL
ORDER BY parked_at, customer_id LIMIT $1
