-- $1 customer, $2 generation, $3 partition, $4 how many of its events were taken in; $5 the types
-- that name a home branch: the events that tell where a customer is at home, and its first one.
(SELECT * FROM events
 WHERE customer_id = $1 AND (generation, partition, n) < ($2::smallint, $3::smallint, $4::bigint)
   AND type = ANY ($5::text[]))
UNION ALL
(SELECT * FROM events
 WHERE customer_id = $1 AND (generation, partition, n) < ($2::smallint, $3::smallint, $4::bigint)
 ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id
 LIMIT 1)
