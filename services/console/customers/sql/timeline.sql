-- $1 customer, $2 generation, $3 partition, $4 how many of its events were taken in; $5 types,
-- $6 the latest instant of effect and $7 of record (null: any); $8 to $12 the place before
-- which to go on (null: from the newest on), $13 how many.
SELECT *
FROM events
WHERE customer_id = $1
  AND partition = $3 AND generation <= $2 AND (generation < $2 OR n < $4)
  AND ($5::text[] IS NULL OR type = ANY ($5))
  AND ($6::timestamptz IS NULL OR effective_at <= $6)
  AND ($7::timestamptz IS NULL OR recorded_at <= $7)
  AND ($8::timestamptz IS NULL
       OR (effective_at, source COLLATE "C", epoch, sequence, event_id)
          < ($8, $9::text COLLATE "C", $10::bigint, $11::bigint, $12::uuid))
ORDER BY effective_at DESC, source COLLATE "C" DESC, epoch DESC, sequence DESC, event_id DESC
LIMIT $13
