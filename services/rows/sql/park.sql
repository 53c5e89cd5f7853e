INSERT INTO projection_heads
    (projection, version, customer_id, partition, assessed_at, policy_count,
     parked_reason, parked_event_id, parked_at)
SELECT $1, $2, customer_id, $3, $5, $4, reason, event_id, $5
FROM unnest($6::text[], $7::text[], $8::uuid[]) AS t (customer_id, reason, event_id)
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET next_change_at = NULL,
    parked_reason = excluded.parked_reason,
    parked_event_id = excluded.parked_event_id,
    parked_at = excluded.parked_at
