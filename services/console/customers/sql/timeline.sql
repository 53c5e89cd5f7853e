-- $1 customers, $2 generation; $3 the partition of each and $4 how many of its events were taken in;
-- $5 types, $6 the latest instant of effect and $7 of record (null: any); $8 to $12 the place
-- before which to go on (null: from the newest on), $13 how many.
SELECT e.*
FROM unnest($1::text[], $3::smallint[], $4::bigint[]) AS told_of (customer_id, partition, taken_in)
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.customer_id = told_of.customer_id AND events.partition = told_of.partition
      AND generation <= $2 AND (generation < $2 OR n < told_of.taken_in)
      AND ($5::text[] IS NULL OR type = ANY ($5))
      AND ($6::timestamptz IS NULL OR effective_at <= $6)
      AND ($7::timestamptz IS NULL OR recorded_at <= $7)
      AND ($8::timestamptz IS NULL
           OR (effective_at, source COLLATE "C", epoch, sequence, event_id)
              < ($8, $9::text COLLATE "C", $10::bigint, $11::bigint, $12::uuid))
) AS e
ORDER BY e.effective_at DESC, e.source COLLATE "C" DESC, e.epoch DESC, e.sequence DESC,
         e.event_id DESC
LIMIT $13
