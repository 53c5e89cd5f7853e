-- $1 generation, kept by Kafka: after what the next one inherits, it has this one's own events,
-- closed up where a topic had gaps or duplicates.
INSERT INTO log_runs (generation, partition, first_n, events, kept_generation, kept_first_n)
SELECT $1::smallint + 1, partition, min(place), count(*), $1, min(n)
FROM (
    SELECT e.partition, e.n,
           coalesce(before.events, 0)
           + row_number() OVER (PARTITION BY e.partition ORDER BY e.n) - 1 AS place
    FROM events e
    LEFT JOIN (
        SELECT partition, sum(events)::bigint AS events FROM log_runs
        WHERE generation = $1 GROUP BY partition
    ) AS before USING (partition)
    WHERE e.generation = $1
) AS own
GROUP BY partition, n - place;
