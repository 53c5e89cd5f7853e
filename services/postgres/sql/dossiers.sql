-- $1 customers, $2 generation, $3 counts per partition from 0: what a reader has taken in.
SELECT * FROM events
WHERE customer_id = ANY ($1::text[])
    AND (generation < $2 OR (generation = $2 AND n < ($3::bigint[])[partition + 1]))
ORDER BY customer_id, generation, partition, n;
