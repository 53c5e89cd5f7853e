-- Where mirroring a partition goes on; held until the transaction that moves it has ended.
INSERT INTO mirror_heads AS h (generation, partition) VALUES ($1, $2)
ON CONFLICT (generation, partition) DO UPDATE SET next = h.next
RETURNING next
