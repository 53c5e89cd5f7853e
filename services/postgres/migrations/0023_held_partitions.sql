-- A gateway may own partitions from its admission on, by locks of its session: then it need not ask
-- what is to be appended next. They are handed over to the transaction that confirms, so that they
-- end with it; what a gateway holds of what it must wait for, it lets go first.

DROP FUNCTION take_pending(int, int[], smallint, smallint[], int);
CREATE FUNCTION take_pending(
    of_class int, held int[], keys int[], of_generation smallint, of_partitions smallint[],
    at_most int
) RETURNS TABLE (partition smallint, event_id uuid) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_unlock(of_class, key) FROM unnest(held) AS held_keys (key);
    PERFORM pg_advisory_xact_lock(of_class, key) FROM unnest(keys) AS keys (key);
    RETURN QUERY
    SELECT p.partition, p.event_id FROM log_pending p
    WHERE p.generation = of_generation AND p.partition = ANY (of_partitions)
    ORDER BY p.partition, p.ordinal
    LIMIT at_most;
END $$;

DROP FUNCTION confirm_appended(smallint, smallint[], uuid[], bigint[]);
CREATE FUNCTION confirm_appended(
    of_class int, held int[], of_generation smallint, of_partitions smallint[], ids uuid[],
    places bigint[]
) RETURNS TABLE (partition smallint, expected bigint, given bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(of_class, key) FROM unnest(held) AS held_keys (key);
    PERFORM pg_advisory_unlock(of_class, key) FROM unnest(held) AS held_keys (key);

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
