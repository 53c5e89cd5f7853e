-- $1 stage, $2 done, $3 total: how far the platform is being filled.
INSERT INTO filling (stage, done, total) VALUES ($1, $2, $3)
ON CONFLICT (one) DO UPDATE SET stage = $1, done = $2, total = $3
