-- $1 generation, $2 partition, $3 customers, $4 from where on each, $5 up to where.
SELECT e.*
FROM unnest($3::text[], $4::bigint[]) AS reader (customer_id, since)
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.customer_id = reader.customer_id
        AND events.generation = $1 AND events.partition = $2
        AND events.n >= reader.since AND events.n < $5
) AS e
ORDER BY e.customer_id, e.n
