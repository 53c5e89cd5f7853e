-- Let in what nobody holds yet, keep its record until it is confirmed, and move the heads' stamps;
-- returns the ids let in. In the order of ids, so that appenders of the same events meet in the
-- same order; pending in the order given. $14 class: the session tries to own the partitions, by
-- keys of theirs, and is told which it got, and whether anything was pending there before.
WITH offered AS (
    SELECT * FROM unnest(
        $2::smallint[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[],
        $8::timestamptz[], $9::bytea[], $10::bytea[], $11::bytea[], $12::boolean[],
        $13::text[]
    ) WITH ORDINALITY
        AS r (partition, event_id, source, epoch, sequence, digest, recorded_at, record_key,
              headers, data, kept_whole, merges, place)
), let_in AS (
    INSERT INTO admissions (event_id, source, epoch, sequence, digest)
    SELECT event_id, source, epoch, nullif(sequence, 0), digest  -- 0: the source keeps no counter
    FROM offered
    ORDER BY event_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
), kept AS (
    INSERT INTO log_pending (
        generation, partition, event_id, recorded_at, record_key, headers, data, kept_whole, merges
    )
    SELECT $1, partition, event_id, recorded_at, record_key, headers, data, kept_whole, merges
    FROM offered JOIN let_in USING (event_id)
    ORDER BY place
    RETURNING partition, recorded_at
), moved AS (
    UPDATE log_heads h SET recorded_at = k.recorded_at, pending = pending + k.events
    FROM (
        SELECT partition, max(recorded_at) AS recorded_at, count(*) AS events
        FROM kept GROUP BY partition
    ) k
    WHERE h.generation = $1 AND h.partition = k.partition
), held AS MATERIALIZED (
    SELECT coalesce(array_agg(key) FILTER (WHERE pg_try_advisory_lock($14, key)), '{}') AS keys
    FROM (SELECT DISTINCT $1::int * 16 + partition AS key FROM kept) AS wanted
)
SELECT let_in.event_id, held.keys AS held, EXISTS (
    SELECT FROM log_pending p
    WHERE p.generation = $1 AND p.partition IN (SELECT partition FROM kept)
) AS others_wait
FROM let_in CROSS JOIN held;
