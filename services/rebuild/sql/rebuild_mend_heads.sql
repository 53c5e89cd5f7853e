-- $1 projection, $2 version, $3 stored as: heads that are missing, say something else, or belong
-- to customers in `rebuilt_customers`, whose rows were replaced.
INSERT INTO projection_heads AS h
    (projection, version, customer_id, partition, assessed_at, next_change_at, policy_count,
     uses_id, parked_reason, parked_event_id, parked_at)
SELECT $1, $2, b.customer_id, b.partition, b.assessed_at, b.next_change_at, b.policy_count,
       b.uses_id, b.parked_reason, b.parked_event_id, b.parked_at
FROM projection_heads b
LEFT JOIN projection_heads l
       ON l.projection = $1 AND l.version = $2 AND l.customer_id = b.customer_id
WHERE b.projection = $3 AND b.version = $2
  AND (l.customer_id IS NULL
       OR l.partition <> b.partition
       OR l.next_change_at IS DISTINCT FROM b.next_change_at
       OR l.policy_count < b.policy_count
       OR l.uses_id <> b.uses_id
       OR l.parked_reason IS DISTINCT FROM b.parked_reason
       OR b.customer_id IN (SELECT customer_id FROM rebuilt_customers))
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET partition = excluded.partition,
    assessed_at = excluded.assessed_at,
    next_change_at = excluded.next_change_at,
    policy_count = excluded.policy_count,
    uses_id = excluded.uses_id,
    parked_reason = excluded.parked_reason,
    parked_event_id = excluded.parked_event_id,
    parked_at = excluded.parked_at
