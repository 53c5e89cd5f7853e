-- $1 event, $2 branch: where the log holds it, also while only Kafka's topic does.
SELECT generation, partition, n, recorded_at FROM events WHERE event_id = $1 AND branch_id = $2
UNION ALL
SELECT c.generation, c.partition, c.n, c.recorded_at
FROM log_confirmed c
JOIN admissions a USING (event_id)
WHERE c.event_id = $1 AND c.recorded_at IS NOT NULL
    AND starts_with(a.source, '/branches/' || $2::text || '/')
LIMIT 1;
