-- $1 feed, $2 call, $3 digest, $4 now, $5 sealed: a signal, kept as it first came.
INSERT INTO call_signals (feed, call_id, digest, at, sealed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;
