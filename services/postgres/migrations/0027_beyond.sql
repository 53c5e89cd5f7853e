-- What touches a customer beyond the place that it was read at: an event of it, or a merge of
-- another into it. Who decides on a customer relies on there being none that it does not know.

-- Under Kafka an event that the mirror does not have yet is known by whom it is about, and kept
-- whole where commands are decided on it: of units, about cases, and about who is who.
ALTER TABLE log_pending RENAME COLUMN of_unit TO kept_whole;
ALTER TABLE log_pending ADD COLUMN merges text;  -- into whom its subject is merged
ALTER TABLE log_confirmed ADD COLUMN record_key bytea, ADD COLUMN merges text;
CREATE INDEX log_confirmed_places ON log_confirmed (generation, partition, n);
CREATE INDEX log_confirmed_merges ON log_confirmed (merges) WHERE merges IS NOT NULL;
CREATE INDEX log_pending_merges ON log_pending (merges) WHERE merges IS NOT NULL;

-- By key: a customer, or `branch:` and a branch for what is about no customer. `home` is the key's
-- partition, `before` how many events of each partition the reader had taken in.
CREATE FUNCTION touching(of_generation smallint, key text, home smallint, before bigint[])
RETURNS TABLE (event_id uuid) LANGUAGE sql STABLE AS $$
    SELECT e.event_id FROM events e
    WHERE e.generation = of_generation AND e.partition = home AND e.n >= before[home + 1]
        AND (e.customer_id = key OR e.customer_id IS NULL AND 'branch:' || e.branch_id = key)
    UNION ALL
    SELECT e.event_id FROM events e
    WHERE e.type = 'customer.merged' AND e.customer_id IS NOT NULL
        AND merged_into(e.data) = key
        AND e.generation = of_generation AND e.n >= before[e.partition + 1]
    UNION ALL
    SELECT c.event_id FROM log_confirmed c
    WHERE c.generation = of_generation AND c.partition = home AND c.n >= before[home + 1]
        AND (c.record_key = convert_to(key, 'UTF8') OR c.record_key IS NULL)  -- whose, nobody knows
    UNION ALL
    SELECT c.event_id FROM log_confirmed c
    WHERE c.merges = key AND c.generation = of_generation AND c.n >= before[c.partition + 1]
    UNION ALL
    SELECT p.event_id FROM log_pending p
    WHERE p.generation = of_generation AND p.partition = home
        AND p.record_key = convert_to(key, 'UTF8')
    UNION ALL
    SELECT p.event_id FROM log_pending p
    WHERE p.merges = key AND p.generation = of_generation
$$;

-- As before, and besides: what touches customers beyond the places that they were read at. `keys`
-- are numbered from 1; `befores` holds the counts of all partitions for each, one after the other.
DROP FUNCTION lock_streams(smallint, smallint[], timestamptz, text, text[], text[]);
CREATE FUNCTION lock_streams(
    of_generation smallint, of_partitions smallint[], at timestamptz, keeper_now text,
    sought text[], of_streams text[], keys text[], homes smallint[], befores bigint[]
) RETURNS TABLE (
    partition smallint, next_n bigint, recorded_at timestamptz, ours boolean,
    database_now timestamptz, source text, version bigint, touched int, touching uuid
) LANGUAGE plpgsql AS $$
DECLARE
    involved smallint[];
    counted int := cardinality(befores) / greatest(cardinality(keys), 1);
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
        clock_timestamp(), NULL::text, NULL::bigint, NULL::int, NULL::uuid
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
        ), 0), NULL::int, NULL::uuid
    FROM unnest(of_streams) AS stream (name);

    IF cardinality(keys) = 0 THEN
        RETURN;  -- and plan nothing: a connection that is new has not done so yet
    END IF;
    RETURN QUERY
    SELECT NULL::smallint, NULL::bigint, NULL::timestamptz, NULL::boolean, NULL::timestamptz,
        NULL::text, NULL::bigint, asked.place::int, found.event_id
    FROM unnest(keys, homes) WITH ORDINALITY AS asked (key, home, place)
    CROSS JOIN LATERAL touching(
        of_generation, asked.key, asked.home,
        befores[(asked.place - 1) * counted + 1 : asked.place * counted]
    ) AS found;
END $$;

DROP FUNCTION confirm_appended(int, int[], smallint, smallint[], uuid[], bigint[]);
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
        RETURNING p.event_id, p.recorded_at, p.record_key, p.merges,
            CASE WHEN p.kept_whole THEN p.headers END AS headers,
            CASE WHEN p.kept_whole THEN p.data END AS data
    )
    INSERT INTO log_confirmed (
        generation, partition, event_id, n, recorded_at, headers, data, record_key, merges
    )
    SELECT of_generation, w.partition, w.event_id, w.n, d.recorded_at, d.headers, d.data,
        d.record_key, d.merges
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
