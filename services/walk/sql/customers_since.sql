-- By partition the generation ($1) and number ($2) of an event: who is named by it or by later ones.
SELECT DISTINCT later.customer_id
FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS since (generation, n, place)
CROSS JOIN LATERAL (
    SELECT customer_id FROM events
    WHERE generation = since.generation AND partition = since.place - 1 AND n >= since.n
    UNION ALL
    SELECT customer_id FROM events
    WHERE generation > since.generation AND partition = since.place - 1
) AS later
WHERE later.customer_id IS NOT NULL
