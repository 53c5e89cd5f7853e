-- Who holds these ids ($1) or these sources' sequence numbers ($2, $3, $4), and where.
WITH holders AS (
    SELECT a.* FROM unnest($1::uuid[]) AS asked (event_id) JOIN admissions a USING (event_id)
    UNION
    SELECT a.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS asked (source, epoch, sequence)
    JOIN admissions a USING (source, epoch, sequence)
)
SELECT h.*, e.generation, e.partition, e.n FROM holders h LEFT JOIN events e USING (event_id);
