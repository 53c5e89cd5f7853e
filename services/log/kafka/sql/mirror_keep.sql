-- Store a batch of a topic's events, each once, and return which had been stored from another
-- position before.
WITH incoming AS (
    SELECT * FROM unnest(
        $1::smallint[], $2::smallint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::timestamptz[],
        $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[],
        $17::text[], $18::text[], $19::timestamptz[], $20::bytea[]
    ) AS e (generation, partition, n, event_id, customer_id, source, type, branch_id, epoch,
            sequence, created_at, sent_at, collected_at, effective_at, correlation_id,
            causation_id, traceparent, tracestate, recorded_at, data)
), kept AS (
    INSERT INTO events (generation, partition, n, event_id, customer_id, source, type, branch_id,
                        epoch, sequence, created_at, sent_at, collected_at, effective_at,
                        correlation_id, causation_id, traceparent, tracestate, recorded_at,
                        data)
    SELECT * FROM incoming ORDER BY generation, partition, n
    ON CONFLICT DO NOTHING
    RETURNING generation, partition, n
)
SELECT i.event_id FROM incoming i
WHERE NOT EXISTS (
    SELECT FROM kept k
    WHERE (k.generation, k.partition, k.n) = (i.generation, i.partition, i.n)
) AND NOT EXISTS (
    SELECT FROM events e
    WHERE (e.generation, e.partition, e.n) = (i.generation, i.partition, i.n)
)
