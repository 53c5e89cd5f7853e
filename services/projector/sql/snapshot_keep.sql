INSERT INTO dossier_snapshots AS s
    (projection, version, customer_id, code, generation, upto, assessed_at, policy_count, events,
     content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET code = excluded.code, generation = excluded.generation, upto = excluded.upto,
    assessed_at = excluded.assessed_at, policy_count = excluded.policy_count,
    events = excluded.events, content = excluded.content
