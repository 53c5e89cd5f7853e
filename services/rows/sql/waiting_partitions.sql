-- $1 projections and $2 their versions, $3 partitions, $4 now: those where a customer is due.
SELECT p.partition
FROM unnest($3::smallint[]) AS p (partition)
WHERE EXISTS (
    SELECT FROM unnest($1::text[], $2::integer[]) AS v (projection, version)
    JOIN live_versions l USING (projection, version)
    CROSS JOIN LATERAL (
        SELECT FROM projection_heads h
        WHERE h.projection = v.projection AND h.version = v.version
          AND h.partition = p.partition AND h.next_change_at <= $4
        LIMIT 1
    ) AS due
)
