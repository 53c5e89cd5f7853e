-- $1 generation, $2 partition, $3 first n, $4 last n: what makes facts of customers' events.
SELECT customer_id, event_id, source, branch_id, epoch, sequence, effective_at, data FROM events
WHERE generation = $1 AND partition = $2 AND n BETWEEN $3 AND $4 AND customer_id IS NOT NULL
ORDER BY n
