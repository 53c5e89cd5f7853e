-- These events lie in the topic now: $2 partitions, $3 ids, $4 offsets. Streams are read from here
-- until the mirror has them.
WITH done AS (
    DELETE FROM log_pending WHERE event_id = ANY ($3::uuid[])
    RETURNING event_id, recorded_at, CASE WHEN of_unit THEN headers END AS headers,
        CASE WHEN of_unit THEN data END AS data
), placed AS (
    INSERT INTO log_confirmed (generation, partition, event_id, n, recorded_at, headers, data)
    SELECT $1, partition, event_id, n, recorded_at, headers, data
    FROM unnest($2::smallint[], $3::uuid[], $4::bigint[]) AS written (partition, event_id, n)
    LEFT JOIN done USING (event_id)
), moved AS (
    UPDATE log_heads h SET next_n = m.next_n, pending = pending - m.events
    FROM (
        SELECT partition, max(n) + 1 AS next_n, count(*) AS events
        FROM unnest($2::smallint[], $4::bigint[]) AS written (partition, n) GROUP BY partition
    ) m
    WHERE h.generation = $1 AND h.partition = m.partition
)
SELECT pg_notify('touchstone_appended', '');
