-- $1 generation, $2 partition, $3 a position in it, $4 projection, $5 version: when the event there
-- was recorded. Where there is none yet, when the one before it was, or the instant up to which
-- the live rows were judged while they stood there.
SELECT recorded_at FROM
    ((SELECT 1 AS place, e.recorded_at
      FROM kept_place($1::smallint, $2::smallint, $3::bigint) AS at
      CROSS JOIN LATERAL (
          SELECT recorded_at FROM events
          WHERE generation = at.generation AND partition = $2 AND n >= at.n
          ORDER BY n LIMIT 1) AS e)
     UNION ALL
     (SELECT 0, greatest(e.recorded_at, (
          SELECT judged_at FROM checkpoints
          WHERE projection = $4 AND version = $5 AND generation = $1 AND partition = $2
            AND next = $3))
      FROM kept_place($1::smallint, $2::smallint, $3::bigint - 1) AS at
      CROSS JOIN LATERAL (
          SELECT recorded_at FROM events
          WHERE generation = at.generation AND partition = $2 AND n <= at.n
          ORDER BY n DESC LIMIT 1) AS e)) AS beside
ORDER BY place DESC LIMIT 1
