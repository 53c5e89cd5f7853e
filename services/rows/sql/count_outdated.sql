-- $1 projection, $2 version; $3 what later records are about and $4 where the latest of each
-- stands; $5 how many records there are; $6 no further than so many. As in outdated_customers,
-- over all partitions.
SELECT count(*)
FROM (
    SELECT 1
    FROM (
        SELECT s.uses_id, max(t.since) AS since
        FROM unnest($3::text[], $4::integer[]) AS t (used, since)
        JOIN use_sets s ON s.uses @> ARRAY[t.used]
        GROUP BY s.uses_id
        UNION ALL
        SELECT 0, $5::integer
    ) AS outdated
    CROSS JOIN generate_series(0, 11) AS p (partition)
    CROSS JOIN LATERAL (
        SELECT 1 FROM projection_heads h
        WHERE h.projection = $1 AND h.version = $2 AND h.partition = p.partition
          AND h.uses_id = outdated.uses_id AND h.policy_count < outdated.since
          AND h.parked_reason IS NULL
        LIMIT $6
    ) AS h
    LIMIT $6
) AS found
