SELECT partition, next, dropped FROM mirror_heads WHERE generation = $1 ORDER BY partition
