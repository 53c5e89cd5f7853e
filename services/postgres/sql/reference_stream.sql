-- $1 generation and $2 n of the last event known.
SELECT * FROM events
WHERE partition = 12 AND (generation, n) > ($1::smallint, $2::bigint)
ORDER BY generation, n
