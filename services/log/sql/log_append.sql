-- Write admitted events at their positions, move the heads and wake the readers.
WITH moved AS (
    UPDATE log_heads h SET next_n = m.next_n, recorded_at = m.recorded_at
    FROM unnest($21::smallint[], $22::bigint[], $23::timestamptz[])
        AS m (partition, next_n, recorded_at)
    WHERE h.generation = $1 AND h.partition = m.partition
), written AS (
    INSERT INTO events (
        generation, partition, n, event_id, customer_id, source, type, branch_id, epoch,
        sequence, created_at, sent_at, collected_at, effective_at, correlation_id,
        causation_id, traceparent, tracestate, recorded_at, data
    )
    SELECT $1, * FROM unnest(
        $2::smallint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::bigint[], $10::bigint[], $11::timestamptz[], $12::timestamptz[],
        $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::text[],
        $18::text[], $19::timestamptz[], $20::bytea[]
    )
)
SELECT pg_notify('touchstone_appended', '');
