-- $1 source, $2 epoch, $3 first and $4 last number, $5 how many numbers: the durable events of
-- these numbers, as runs without gaps and as a digest of their ids in order. What is admitted and
-- not yet known to be in its topic is not among them.
WITH held AS MATERIALIZED (
    SELECT a.sequence, a.event_id FROM admissions a
    WHERE a.source = $1 AND a.epoch = $2 AND a.sequence BETWEEN $3 AND $4
      AND NOT EXISTS (SELECT FROM log_pending p WHERE p.event_id = a.event_id)
    ORDER BY a.sequence LIMIT $5
), runs AS (
    SELECT min(sequence) AS first, max(sequence) AS last
    FROM (SELECT sequence, sequence - row_number() OVER (ORDER BY sequence) AS run FROM held) h
    GROUP BY run
)
SELECT coalesce((SELECT array_agg(first ORDER BY first) FROM runs), '{}') AS first,
       coalesce((SELECT array_agg(last ORDER BY first) FROM runs), '{}') AS last,
       (SELECT sha256(coalesce(string_agg(uuid_send(event_id), ''::bytea ORDER BY sequence), ''))
        FROM held) AS ids
