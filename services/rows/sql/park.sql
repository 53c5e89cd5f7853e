-- $1 how many events of the reference stream are known; of each customer $2 projection, $3 version,
-- $4 customer, $5 partition, $6 when, $7 why, $8 by which event.
INSERT INTO projection_heads
    (projection, version, customer_id, partition, assessed_at, policy_count,
     parked_reason, parked_event_id, parked_at)
SELECT projection, version, customer_id, partition, at, $1, reason, event_id, at
FROM unnest($2::text::text[], $3::text::integer[], $4::text::text[], $5::text::smallint[],
            $6::text::timestamptz[], $7::text::text[], $8::text::uuid[])
     AS t (projection, version, customer_id, partition, at, reason, event_id)
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET next_change_at = NULL,
    parked_reason = excluded.parked_reason,
    parked_event_id = excluded.parked_event_id,
    parked_at = excluded.parked_at
