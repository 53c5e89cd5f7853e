-- Where these events lie: as the mirror has them, or else as they were confirmed.
SELECT event_id,
    coalesce(e.generation, c.generation) AS generation,
    coalesce(e.partition, c.partition) AS partition,
    coalesce(e.n, c.n) AS n
FROM unnest($1::uuid[]) AS asked (event_id)
LEFT JOIN events e USING (event_id)
LEFT JOIN log_confirmed c USING (event_id)
WHERE e.event_id IS NOT NULL OR c.event_id IS NOT NULL;
