-- $1 generation, $2 partition, $3 a position in it: when the event there, or else the one
-- before it, was recorded.
SELECT recorded_at FROM
    ((SELECT n, recorded_at FROM events WHERE generation = $1 AND partition = $2 AND n >= $3
      ORDER BY n LIMIT 1)
     UNION ALL
     (SELECT n, recorded_at FROM events WHERE generation = $1 AND partition = $2 AND n < $3
      ORDER BY n DESC LIMIT 1)) AS beside
ORDER BY n DESC LIMIT 1
