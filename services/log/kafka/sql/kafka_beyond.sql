-- $1 generation, $2 customers, $3 the same as keys of records, $4 their partitions, $5 how many events
-- of each partition were taken in, $6 whether everything is to be told: what touches these customers
-- beyond that, where it lies and, where it is kept whole, what it says. In the order of each partition.
WITH asked AS (
    SELECT * FROM unnest($2::text[], $3::bytea[], $4::smallint[]) AS a (key, record_key, home)
)
SELECT asked.key, c.event_id, c.headers, c.data, c.partition, c.n, NULL::bigint AS ordinal
FROM asked CROSS JOIN LATERAL (
    SELECT event_id, headers, data, partition, n FROM log_confirmed
    WHERE generation = $1 AND partition = asked.home AND n >= ($5::bigint[])[asked.home + 1]
        AND record_key = asked.record_key
    UNION ALL
    SELECT event_id, headers, data, partition, n FROM log_confirmed
    WHERE merges = asked.key AND generation = $1 AND n >= ($5::bigint[])[partition + 1]
) AS c
UNION ALL
SELECT asked.key, p.event_id,
    CASE WHEN $6 OR p.kept_whole THEN p.headers END,
    CASE WHEN $6 OR p.kept_whole THEN p.data END,
    p.partition, NULL, p.ordinal
FROM asked JOIN log_pending p ON p.generation = $1 AND (
    p.partition = asked.home AND p.record_key = asked.record_key OR p.merges = asked.key
)
ORDER BY partition, n, ordinal
