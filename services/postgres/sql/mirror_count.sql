INSERT INTO mirror_duplicates AS d (generation, partition, dropped) VALUES ($1, $2, $3)
ON CONFLICT (generation, partition) DO UPDATE SET dropped = d.dropped + excluded.dropped
