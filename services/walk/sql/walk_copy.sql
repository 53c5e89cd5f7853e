-- What makes a fact, in the order that `copy_rows` knows. It stands in a COPY, for which parameters
-- are written into the text: they are not to be named here. First customer, and the first one not
-- in the part (null: no bound); by partition the generation and number of the first event that does
-- not belong to the walk; recorded by then (null: whenever).
SELECT customer_id, event_id, source, branch_id, epoch, sequence, effective_at, data FROM events
WHERE customer_id IS NOT NULL
  AND ($1::text IS NULL OR customer_id >= $1::text)
  AND ($2::text IS NULL OR customer_id < $2::text)
  AND (generation, n) < (($3::smallint[])[partition + 1], ($4::bigint[])[partition + 1])
  AND ($5::timestamptz IS NULL OR recorded_at <= $5::timestamptz)
ORDER BY customer_id, generation, partition, n
