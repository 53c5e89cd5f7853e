-- Moving the log between PostgreSQL and Kafka: each generation holds every event from the first
-- one on. The events table keeps one row per event, at the place where it was recorded; later
-- generations have it at a place of their own.

-- A closed head takes nothing any more: its generation was followed by the next.
ALTER TABLE log_heads ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- What a generation has of earlier ones: runs of events whose places are consecutive here and
-- in the events table. They begin at 0 and leave no gap; what follows is the generation's own.
CREATE TABLE log_runs (
    generation smallint NOT NULL,
    partition smallint NOT NULL,
    first_n bigint NOT NULL,
    events bigint NOT NULL CHECK (events > 0),
    kept_generation smallint NOT NULL,  -- the place of the first one's row
    kept_first_n bigint NOT NULL,
    PRIMARY KEY (generation, partition, first_n),
    CHECK (kept_generation < generation)
);

-- Where the events table keeps what lies at a place of a generation. The order of a partition's
-- events is the same in every generation, so a reader's bound is translated like a place.
CREATE FUNCTION kept_place(of_generation smallint, of_partition smallint, of_n bigint)
RETURNS TABLE (generation smallint, n bigint) LANGUAGE sql STABLE AS $$
    SELECT coalesce(run.kept_generation, of_generation),
           coalesce(run.kept_first_n + of_n - run.first_n, of_n)
    FROM (SELECT) AS always
    LEFT JOIN LATERAL (
        SELECT r.* FROM log_runs r
        WHERE r.generation = of_generation AND r.partition = of_partition AND r.first_n <= of_n
        ORDER BY r.first_n DESC
        LIMIT 1
    ) AS run ON of_n < run.first_n + run.events
$$;
