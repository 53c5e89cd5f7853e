-- Where reading a partition goes on when the mirror alone follows it.
SELECT coalesce(
    (SELECT next FROM mirror_heads WHERE generation = $1 AND partition = $2), 0
)
