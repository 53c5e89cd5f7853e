-- $1 customer, $2 generation, $3 partition, $4 how many of its events were taken in; $5 the types
-- that name a home branch; $6 recorded by then, or null for all: the events that tell where a
-- customer is at home, and its earliest one.
-- A comparison of rows, (generation, partition, n) < (...), would have the whole log walked.
(SELECT * FROM events
 WHERE customer_id = $1 AND partition = $3
   AND generation <= $2 AND (generation < $2 OR n < $4)
   AND type = ANY ($5::text[])
   AND ($6::timestamptz IS NULL OR recorded_at <= $6))
UNION ALL
(SELECT * FROM events
 WHERE customer_id = $1 AND partition = $3
   AND generation <= $2 AND (generation < $2 OR n < $4)
   AND ($6::timestamptz IS NULL OR recorded_at <= $6)
 ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id
 LIMIT 1)
