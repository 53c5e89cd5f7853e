-- Keep the records of admitted events until they are confirmed, and move their heads' stamps.
WITH kept AS (
    INSERT INTO log_pending (
        generation, partition, event_id, recorded_at, record_key, headers, data, of_unit
    )
    SELECT $1, partition, event_id, recorded_at, record_key, headers, data, of_unit
    FROM unnest(
        $2::smallint[], $3::uuid[], $4::timestamptz[], $5::bytea[], $6::bytea[], $7::bytea[],
        $8::boolean[]
    ) WITH ORDINALITY
        AS r (partition, event_id, recorded_at, record_key, headers, data, of_unit, place)
    ORDER BY place
    RETURNING partition, recorded_at
)
UPDATE log_heads h SET recorded_at = k.recorded_at, pending = pending + k.events
FROM (
    SELECT partition, max(recorded_at) AS recorded_at, count(*) AS events
    FROM kept GROUP BY partition
) k
WHERE h.generation = $1 AND h.partition = k.partition;
