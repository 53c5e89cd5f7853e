-- What a gateway asks of Kafka's outbox, in fewer round trips: a statement sees nothing that was
-- committed while it waited for its locks, the next one of a function does.

-- Alone append to partitions until the end of the transaction (not the heads' locks: others go on
-- admitting meanwhile), and only then tell what is to be appended next, in order.
CREATE FUNCTION take_pending(
    of_class int, keys int[], of_generation smallint, of_partitions smallint[], at_most int
) RETURNS TABLE (partition smallint, event_id uuid) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(of_class, key) FROM unnest(keys) AS keys (key);
    RETURN QUERY
    SELECT p.partition, p.event_id FROM log_pending p
    WHERE p.generation = of_generation AND p.partition = ANY (of_partitions)
    ORDER BY p.partition, p.ordinal
    LIMIT at_most;
END $$;

-- Confirm where events lie, unless a topic gave an offset that had been reached before: it lost
-- what it held. Streams are read from here until the mirror has the events.
CREATE FUNCTION confirm_appended(
    of_generation smallint, of_partitions smallint[], ids uuid[], places bigint[]
) RETURNS TABLE (partition smallint, expected bigint, given bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM log_heads h  -- in ascending order, so that two gateways never wait for each other
    WHERE h.generation = of_generation AND h.partition = ANY (of_partitions)
    ORDER BY h.partition
    FOR UPDATE;

    RETURN QUERY
    SELECT h.partition, h.next_n, written.first_n
    FROM log_heads h
    JOIN (
        SELECT w.partition, min(w.n) AS first_n
        FROM unnest(of_partitions, places) AS w (partition, n) GROUP BY w.partition
    ) AS written ON written.partition = h.partition
    WHERE h.generation = of_generation AND written.first_n < h.next_n;
    IF FOUND THEN
        RETURN;
    END IF;

    WITH done AS (
        DELETE FROM log_pending p WHERE p.event_id = ANY (ids)
        RETURNING p.event_id, p.recorded_at, CASE WHEN p.of_unit THEN p.headers END AS headers,
            CASE WHEN p.of_unit THEN p.data END AS data
    )
    INSERT INTO log_confirmed (generation, partition, event_id, n, recorded_at, headers, data)
    SELECT of_generation, w.partition, w.event_id, w.n, d.recorded_at, d.headers, d.data
    FROM unnest(of_partitions, ids, places) AS w (partition, event_id, n)
    LEFT JOIN done d ON d.event_id = w.event_id;

    UPDATE log_heads h SET next_n = m.next_n, pending = pending - m.events
    FROM (
        SELECT w.partition, max(w.n) + 1 AS next_n, count(*) AS events
        FROM unnest(of_partitions, places) AS w (partition, n) GROUP BY w.partition
    ) AS m
    WHERE h.generation = of_generation AND h.partition = m.partition;

    PERFORM pg_notify('touchstone_appended', '');
END $$;
