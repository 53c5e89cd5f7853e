-- A merge whose bytes cannot be read is kept like any other event and parks whom it is about. It
-- names nobody: neither its being written nor the question who is connected may fail on it.
CREATE OR REPLACE FUNCTION merged_into(data bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE WHEN get_byte(data, 10) < 128
        THEN convert_from(substring(data FROM 12 FOR get_byte(data, 10) / 2), 'UTF8')
        ELSE convert_from(substring(data FROM 13 FOR
             ((get_byte(data, 10) & 127) + 128 * get_byte(data, 11)) / 2), 'UTF8')
    END;
EXCEPTION WHEN data_exception THEN  -- too short, or no text
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION merged_with(customer text) RETURNS TABLE (customer_id text)
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
        WHERE step.customer_id IS NOT NULL
    )
    SELECT customer_id FROM reached
$$;
