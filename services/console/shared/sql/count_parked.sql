-- $1 projections, $2 their versions, $3 no further than so many: customers parked in each.
SELECT v.projection, parked.customers
FROM unnest($1::text[], $2::integer[]) AS v (projection, version)
CROSS JOIN LATERAL (
    SELECT count(*) AS customers FROM (
        SELECT 1 FROM projection_heads h
        WHERE h.projection = v.projection AND h.version = v.version
          AND h.partition = ANY (ARRAY[0,1,2,3,4,5,6,7,8,9,10,11]::smallint[])
          AND h.parked_reason IS NOT NULL
        LIMIT $3
    ) AS one
) AS parked
