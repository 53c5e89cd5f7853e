INSERT INTO projection_heads AS h
    (projection, version, customer_id, partition, assessed_at, next_change_at, policy_count,
     uses_id)
SELECT $1, $2, customer_id, $3, assessed_at, next_change_at, $4, uses_id
FROM unnest($5::text::text[], $6::text::timestamptz[], $7::text::timestamptz[], $8::text::bigint[])
     AS t (customer_id, assessed_at, next_change_at, uses_id)
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET assessed_at = excluded.assessed_at,
    next_change_at = excluded.next_change_at,
    policy_count = greatest(h.policy_count, excluded.policy_count),
    uses_id = excluded.uses_id,
    parked_reason = NULL,
    parked_event_id = NULL,
    parked_at = NULL
