-- $1 projection, $2 version, $3 reference events, $4 cap: customers parked, and customers still
-- to be assessed under rules published since; each counted no further than the cap.
SELECT (SELECT count(*) FROM (
            SELECT 1 FROM projection_heads
            WHERE projection = $1 AND version = $2
              AND partition = ANY (ARRAY[0,1,2,3,4,5,6,7,8,9,10,11]::smallint[])
              AND parked_reason IS NOT NULL
            LIMIT $4) AS parked) AS parked,
       (SELECT count(*) FROM (
            SELECT 1 FROM projection_heads
            WHERE projection = $1 AND version = $2
              AND partition = ANY (ARRAY[0,1,2,3,4,5,6,7,8,9,10,11]::smallint[])
              AND policy_count < $3 AND parked_reason IS NULL
            LIMIT $4) AS older) AS older
