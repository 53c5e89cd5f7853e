-- $1 event ids, $2 for each the stream of the case that it is about: those whose case has a stream.
-- What is in the log already is left out: it is answered as the repeat that it is.
SELECT asked.event_id FROM unnest($1::uuid[], $2::text[]) AS asked (event_id, stream)
WHERE EXISTS (
    SELECT FROM admissions a WHERE a.source = asked.stream AND a.epoch = 0 AND a.sequence = 1
) AND NOT EXISTS (SELECT FROM admissions a WHERE a.event_id = asked.event_id);
