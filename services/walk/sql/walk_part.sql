-- $1 first customer and $2 the first one not in the part (null: no bound), $3 generation, $4 by
-- partition how many of its events belong to the walk, $5 recorded by then (null: whenever).
SELECT * FROM events
WHERE customer_id IS NOT NULL
  AND ($1::text IS NULL OR customer_id >= $1) AND ($2::text IS NULL OR customer_id < $2)
  AND (generation < $3 OR (generation = $3 AND n < ($4::bigint[])[partition + 1]))
  AND ($5::timestamptz IS NULL OR recorded_at <= $5)
ORDER BY customer_id, generation, partition, n
