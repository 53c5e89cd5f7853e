-- $1 source, $2 version: what was admitted of a stream after it, in order of sequence. One
-- statement, so one look: what the mirror does not have yet is confirmed, or else still pending.
SELECT e.*,
    c.generation AS confirmed_generation, c.partition AS confirmed_partition, c.n AS confirmed_n,
    c.headers AS confirmed_headers, c.data AS confirmed_data,
    p.partition AS pending_partition
FROM admissions a
LEFT JOIN events e USING (event_id)
LEFT JOIN log_confirmed c USING (event_id)
LEFT JOIN log_pending p USING (event_id)
WHERE a.source = $1 AND a.epoch = 0 AND a.sequence > $2
ORDER BY a.sequence;
