-- $1 source, $2 version: the events of a stream after it, in order of sequence.
SELECT e.* FROM admissions a JOIN events e USING (event_id)
WHERE a.source = $1 AND a.epoch = 0 AND a.sequence > $2
ORDER BY a.sequence;
