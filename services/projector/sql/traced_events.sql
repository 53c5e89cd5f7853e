-- $1 generation, $2 partition, $3 from and $4 before which n, $5 at most: events that belong to a trace.
SELECT event_id, customer_id, traceparent FROM events
WHERE generation = $1 AND partition = $2 AND n >= $3 AND n < $4 AND traceparent IS NOT NULL
ORDER BY n LIMIT $5
