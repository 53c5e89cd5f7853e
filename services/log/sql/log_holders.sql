-- Who holds these ids ($1) or these sources' sequence numbers ($2, $3, $4), and where.
-- Without a place the event is still pending, in `pending_partition`.
WITH holders AS (
    SELECT a.* FROM unnest($1::uuid[]) AS asked (event_id) JOIN admissions a USING (event_id)
    UNION
    SELECT a.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS asked (source, epoch, sequence)
    JOIN admissions a USING (source, epoch, sequence)
)
SELECT h.*,
    coalesce(e.generation, c.generation) AS generation,
    coalesce(e.partition, c.partition) AS partition,
    coalesce(e.n, c.n) AS n,
    p.partition AS pending_partition
FROM holders h
LEFT JOIN events e USING (event_id)
LEFT JOIN log_confirmed c USING (event_id)
LEFT JOIN log_pending p USING (event_id);
