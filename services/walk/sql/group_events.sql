-- $1 customers; by partition the generation ($2) and number ($3) of the first event that is not read;
-- $4 recorded by then (null: whenever).
SELECT e.*
FROM unnest($1::text[]) AS wanted (customer_id)
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.customer_id = wanted.customer_id
      AND (generation, n) < (($2::smallint[])[partition + 1], ($3::bigint[])[partition + 1])
      AND ($4::timestamptz IS NULL OR recorded_at <= $4)
) AS e
ORDER BY e.customer_id, e.generation, e.partition, e.n
