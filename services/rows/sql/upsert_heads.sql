-- $1 how many events of the reference stream are known; of each head $2 projection, $3 version,
-- $4 customer, $5 partition, $6 when it was assessed, $7 when it changes by itself, $8 its uses.
INSERT INTO projection_heads AS h
    (projection, version, customer_id, partition, assessed_at, next_change_at, policy_count,
     uses_id)
SELECT projection, version, customer_id, partition, assessed_at, next_change_at, $1, uses_id
FROM unnest($2::text::text[], $3::text::integer[], $4::text::text[], $5::text::smallint[],
            $6::text::timestamptz[], $7::text::timestamptz[], $8::text::bigint[])
     AS t (projection, version, customer_id, partition, assessed_at, next_change_at, uses_id)
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET assessed_at = excluded.assessed_at,
    next_change_at = excluded.next_change_at,
    policy_count = greatest(h.policy_count, excluded.policy_count),
    uses_id = excluded.uses_id,
    parked_reason = NULL,
    parked_event_id = NULL,
    parked_at = NULL
