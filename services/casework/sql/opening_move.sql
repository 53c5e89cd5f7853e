-- $1 partition, $2 generation, $3 n: everything before this place was looked at.
INSERT INTO opening_places (partition, generation, n) VALUES ($1, $2, $3)
ON CONFLICT (partition) DO UPDATE SET generation = excluded.generation, n = excluded.n
WHERE (opening_places.generation, opening_places.n) < (excluded.generation, excluded.n);
