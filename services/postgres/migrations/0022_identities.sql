-- Customers whom merges connect: whoever was ever merged, and into whom, in groups. A group is
-- assessed together; who belongs to whom in it at an instant, its facts say.
CREATE TABLE identities (
    customer_id text PRIMARY KEY,
    group_id text NOT NULL,
    ordinal bigint NOT NULL UNIQUE  -- raised with every change: later than all that was committed
);
CREATE INDEX identities_group ON identities (group_id, customer_id);
CREATE SEQUENCE identities_ordinal OWNED BY identities.ordinal;

-- Whoever writes rows holds the identities as they are, and learns of which change it knows;
-- whoever connects customers is alone, so that changes become visible in the order of ordinals.
-- The second statement of each sees what was committed while the first one waited.
CREATE FUNCTION hold_identities() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('touchstone identities'));
    RETURN (SELECT coalesce(max(ordinal), 0) FROM identities);
END $$;

CREATE FUNCTION hold_identities_alone() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('touchstone identities'));
    RETURN (SELECT coalesce(max(ordinal), 0) FROM identities);
END $$;

-- Put two customers, and all that either is connected with, into one group.
CREATE FUNCTION connect_customers(one text, other text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before text[] := ARRAY(SELECT DISTINCT group_id FROM identities
                           WHERE customer_id IN (one, other));
    joined text := coalesce(before[1], one);
BEGIN
    UPDATE identities SET group_id = joined, ordinal = nextval('identities_ordinal')
    WHERE group_id = ANY(before) AND group_id <> joined;
    INSERT INTO identities (customer_id, group_id, ordinal)
    SELECT customer_id, joined, nextval('identities_ordinal')
    FROM (SELECT one UNION SELECT other) AS both_of (customer_id)
    ON CONFLICT (customer_id) DO NOTHING;
END $$;

-- Into whom a merge's data says that its subject was merged. It begins with ten bytes that name its
-- schema; then comes the length, as a zigzag number in groups of seven bits, and the text.
CREATE FUNCTION merged_into(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN get_byte(data, 10) < 128
        THEN convert_from(substring(data FROM 12 FOR get_byte(data, 10) / 2), 'UTF8')
        ELSE convert_from(substring(data FROM 13 FOR
             ((get_byte(data, 10) & 127) + 128 * get_byte(data, 11)) / 2), 'UTF8')
    END
$$;
CREATE INDEX events_merged ON events (customer_id)
    WHERE type = 'customer.merged' AND customer_id IS NOT NULL;
CREATE INDEX events_merged_into ON events (merged_into(data))
    WHERE type = 'customer.merged' AND customer_id IS NOT NULL;

-- Everybody whom merges connect with a customer by all that the events table holds, in force or
-- not; the customer too, and nobody else where it is in no merge.
CREATE FUNCTION merged_with(customer text) RETURNS TABLE (customer_id text)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE reached (customer_id) AS (
        SELECT customer
        UNION
        SELECT step.customer_id
        FROM reached r
        CROSS JOIN LATERAL (
            SELECT merged_into(e.data) AS customer_id FROM events e
            WHERE e.type = 'customer.merged' AND e.customer_id = r.customer_id
            UNION ALL
            SELECT e.customer_id FROM events e
            WHERE e.type = 'customer.merged' AND e.customer_id IS NOT NULL
              AND merged_into(e.data) = r.customer_id
        ) AS step
    )
    SELECT customer_id FROM reached
$$;

-- Merges that were recorded before anything followed them: those customers are assessed again at
-- the first opportunity.
SELECT connect_customers(customer_id, merged_into(data))
FROM events
WHERE type = 'customer.merged' AND customer_id IS NOT NULL AND customer_id <> merged_into(data);
UPDATE projection_heads SET next_change_at = '-infinity'
WHERE parked_reason IS NULL AND customer_id IN (SELECT customer_id FROM identities);
