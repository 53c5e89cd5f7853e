-- $1 first customer and $2 the first one not in the part (null: no bound); by partition the
-- generation ($3) and number ($4) of the first event that does not belong to the walk; $5 recorded
-- by then (null: whenever).
SELECT * FROM events
WHERE customer_id IS NOT NULL
  AND ($1::text IS NULL OR customer_id >= $1) AND ($2::text IS NULL OR customer_id < $2)
  AND (generation, n) < (($3::smallint[])[partition + 1], ($4::bigint[])[partition + 1])
  AND ($5::timestamptz IS NULL OR recorded_at <= $5)
ORDER BY customer_id, generation, partition, n
