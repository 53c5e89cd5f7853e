-- As `walk_copy`, but of customers by name, by index, wherever they lie. It stands in a COPY, for which
-- parameters are written into the text: they are not to be named here.
SELECT customer_id, event_id, source, branch_id, epoch, sequence, effective_at, data FROM events
WHERE customer_id = ANY($1::text[])
  AND (generation, n) < (($2::smallint[])[partition + 1], ($3::bigint[])[partition + 1])
ORDER BY customer_id, generation, partition, n
