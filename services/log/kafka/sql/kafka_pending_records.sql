SELECT event_id, recorded_at, record_key, headers, data FROM log_pending
WHERE event_id = ANY ($1::uuid[]);
