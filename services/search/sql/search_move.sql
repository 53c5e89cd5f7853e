-- $1 generation, $2 partition, $3 n: everything before this place was looked at.
INSERT INTO search_places AS s (generation, partition, n) VALUES ($1, $2, $3)
ON CONFLICT (generation, partition) DO UPDATE SET n = excluded.n WHERE s.n < excluded.n;
