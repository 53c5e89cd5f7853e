-- $1 projection, $2 version, $3 no further than so many: customers parked.
SELECT count(*) FROM (
    SELECT 1 FROM projection_heads
    WHERE projection = $1 AND version = $2
      AND partition = ANY (ARRAY[0,1,2,3,4,5,6,7,8,9,10,11]::smallint[])
      AND parked_reason IS NOT NULL
    LIMIT $3
) AS parked
