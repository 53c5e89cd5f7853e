-- $1 generation, $2 partition, $3 a position in it: when the event there, or else the one
-- before it, was recorded.
SELECT recorded_at FROM
    ((SELECT 1 AS place, e.recorded_at
      FROM kept_place($1::smallint, $2::smallint, $3::bigint) AS at
      JOIN events e ON e.generation = at.generation AND e.partition = $2 AND e.n >= at.n
      ORDER BY e.n LIMIT 1)
     UNION ALL
     (SELECT 0, e.recorded_at
      FROM kept_place($1::smallint, $2::smallint, $3::bigint - 1) AS at
      JOIN events e ON e.generation = at.generation AND e.partition = $2 AND e.n <= at.n
      ORDER BY e.n DESC LIMIT 1)) AS beside
ORDER BY place DESC LIMIT 1
