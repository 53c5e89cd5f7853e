-- $1 customer, $2 generation, $3 partition, $4 how many of its events were taken in; $5 the types
-- that name a home branch; $6 recorded by then, or null for all: the events that tell where a
-- customer is at home, and its earliest one.
(SELECT * FROM events
 WHERE customer_id = $1 AND (generation, partition, n) < ($2::smallint, $3::smallint, $4::bigint)
   AND type = ANY ($5::text[])
   AND ($6::timestamptz IS NULL OR recorded_at <= $6))
UNION ALL
(SELECT * FROM events
 WHERE customer_id = $1 AND (generation, partition, n) < ($2::smallint, $3::smallint, $4::bigint)
   AND ($6::timestamptz IS NULL OR recorded_at <= $6)
 ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id
 LIMIT 1)
