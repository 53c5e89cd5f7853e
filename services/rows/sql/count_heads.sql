-- $1 projection, $2 version, $3 the instant by which changes are due.
SELECT count(*) AS customers,
       count(*) FILTER (WHERE next_change_at <= $3) AS overdue,
       count(*) FILTER (WHERE parked_reason IS NOT NULL) AS parked
FROM projection_heads
WHERE projection = $1 AND version = $2
