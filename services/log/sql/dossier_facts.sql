-- $1 generation, $2 customers, $3 the n to stop before by partition, $4 the largest of these: what
-- makes facts of their events. One walk of the index gives them in order.
SELECT customer_id, event_id, source, branch_id, epoch, sequence, effective_at, data FROM events
WHERE customer_id = ANY($2) AND generation = $1 AND n < $4 AND n < ($3::bigint[])[partition + 1]
ORDER BY customer_id, generation, partition, n
