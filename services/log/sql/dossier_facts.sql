-- $1 generation; $2 customers, $3 their partitions, $4 how many events of it were taken in.
-- As `dossiers`, but for what makes facts alone.
SELECT
    e.customer_id, e.event_id, e.source, e.branch_id, e.epoch, e.sequence, e.effective_at, e.data
FROM unnest($2::text[], $3::smallint[], $4::bigint[]) AS reader (customer_id, partition, taken_in)
CROSS JOIN LATERAL kept_place($1::smallint, reader.partition, reader.taken_in) AS upto
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.customer_id = reader.customer_id AND events.partition = reader.partition
        AND events.generation <= upto.generation
        AND (events.generation < upto.generation OR events.n < upto.n)
) AS e
ORDER BY e.customer_id, e.generation, e.partition, e.n
