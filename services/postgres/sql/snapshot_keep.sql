INSERT INTO dossier_snapshots AS s
    (projection, version, customer_id, code, generation, upto, events, facts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (projection, version, customer_id) DO UPDATE
SET code = excluded.code, generation = excluded.generation, upto = excluded.upto,
    events = excluded.events, facts = excluded.facts
