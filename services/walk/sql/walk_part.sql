-- $1 first customer and $2 the first one not in the part (null: no bound), $3 event types (null:
-- all), $4 generation, $5 by partition how many of its events belong to the walk, $6 recorded by
-- then (null: whenever). Of other types only a customer's earliest is read, by whose branch it may
-- be at home.
SELECT * FROM (
    SELECT *, min(effective_at) OVER (PARTITION BY customer_id) AS earliest_at FROM events
    WHERE customer_id IS NOT NULL
      AND ($1::text IS NULL OR customer_id >= $1) AND ($2::text IS NULL OR customer_id < $2)
      AND (generation < $4 OR (generation = $4 AND n < ($5::bigint[])[partition + 1]))
      AND ($6::timestamptz IS NULL OR recorded_at <= $6)
) AS e
WHERE $3::text[] IS NULL OR type = ANY($3) OR effective_at = earliest_at
ORDER BY customer_id, generation, partition, n
