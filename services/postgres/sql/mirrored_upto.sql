-- Where reading a partition goes on when the mirror alone follows it.
SELECT coalesce(max(n) + 1, 0) FROM events WHERE generation = $1 AND partition = $2
