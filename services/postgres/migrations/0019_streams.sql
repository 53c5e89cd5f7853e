-- Commands are decided against streams: slices of the log by source.

-- Own the heads of partitions until the end of the transaction, and only then tell the versions
-- of streams: a statement sees nothing that was committed while it waited for its locks, the next
-- one of a function does. Besides `of_partitions`, those in which the streams `sought` lie; a
-- stream never moves to another partition, and one without events may begin in any.
-- In ascending order, so that two appenders never wait for each other.
CREATE FUNCTION lock_streams(
    of_generation smallint, of_partitions smallint[], at timestamptz, keeper_now text,
    sought text[], of_streams text[]
) RETURNS TABLE (
    partition smallint, next_n bigint, recorded_at timestamptz, ours boolean,
    database_now timestamptz, source text, version bigint
) LANGUAGE plpgsql AS $$
DECLARE involved smallint[];
BEGIN
    SELECT of_partitions || array_agg(coalesce(e.partition, c.partition, p.partition))
    INTO involved
    FROM unnest(sought) AS stream (name)
    LEFT JOIN LATERAL (
        SELECT a.event_id FROM admissions a
        WHERE a.source = stream.name AND a.epoch = 0 AND a.sequence IS NOT NULL
        ORDER BY a.sequence DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN events e ON e.event_id = last.event_id
    LEFT JOIN log_confirmed c ON c.event_id = last.event_id
    LEFT JOIN log_pending p ON p.event_id = last.event_id;

    RETURN QUERY
    SELECT h.partition, h.next_n, greatest(h.recorded_at, at), NOT h.closed AND h.keeper = keeper_now,
        clock_timestamp(), NULL::text, NULL::bigint
    FROM log_heads h
    WHERE h.generation = of_generation
        AND (h.partition = ANY (involved) OR array_position(involved, NULL) IS NOT NULL)
    ORDER BY h.partition
    FOR UPDATE;

    RETURN QUERY
    SELECT NULL::smallint, NULL::bigint, NULL::timestamptz, NULL::boolean, NULL::timestamptz,
        stream.name, coalesce((
            SELECT max(a.sequence) FROM admissions a
            WHERE a.source = stream.name AND a.epoch = 0
        ), 0)
    FROM unnest(of_streams) AS stream (name);
END $$;

-- The record of an event that came as part of a unit is kept until the mirror has the event, so
-- that its stream is read whole in between.
ALTER TABLE log_pending ADD COLUMN of_unit boolean NOT NULL DEFAULT false;
ALTER TABLE log_confirmed ADD COLUMN headers bytea, ADD COLUMN data bytea;
