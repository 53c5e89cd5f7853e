-- $1 generation; $2 projections, with $3 a partition and $4 the first event that is unread there:
-- when the oldest that a projection has not read was recorded.
SELECT s.projection, min(e.recorded_at) AS recorded_at
FROM unnest($2::text[], $3::smallint[], $4::bigint[]) AS s (projection, partition, next)
CROSS JOIN LATERAL kept_place($1::smallint, s.partition, s.next) AS at
CROSS JOIN LATERAL (
    SELECT recorded_at
    FROM events
    WHERE generation = at.generation AND partition = s.partition AND n = at.n
) AS e
GROUP BY s.projection
