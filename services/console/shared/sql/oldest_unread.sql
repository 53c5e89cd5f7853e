-- $1 generation, $2 partitions, $3 the first unread event of each: when the oldest was recorded.
SELECT min(e.recorded_at)
FROM unnest($2::smallint[], $3::bigint[]) AS s (partition, next)
CROSS JOIN LATERAL kept_place($1::smallint, s.partition, s.next) AS at
CROSS JOIN LATERAL (
    SELECT recorded_at
    FROM events
    WHERE generation = at.generation AND partition = s.partition AND n = at.n
) AS e
