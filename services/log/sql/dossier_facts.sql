-- $1 generation, $2 partition, $3 customers of it, $4 the n to stop before: what makes facts of their
-- events. One walk of the index gives them in order.
SELECT customer_id, event_id, source, branch_id, epoch, sequence, effective_at, data FROM events
WHERE customer_id = ANY($3) AND generation = $1 AND partition = $2 AND n < $4
ORDER BY customer_id, generation, partition, n
