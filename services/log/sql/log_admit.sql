-- Let in what nobody holds yet; returns the ids let in.
-- In the order of ids, so that appenders of the same events meet in the same order.
INSERT INTO admissions (event_id, source, epoch, sequence, digest)
SELECT event_id, source, epoch, nullif(sequence, 0), digest  -- 0: the source keeps no counter
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])
    AS offered (event_id, source, epoch, sequence, digest)
ORDER BY event_id
ON CONFLICT DO NOTHING
RETURNING event_id;
