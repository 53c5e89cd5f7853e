-- $1 purpose, $2 origin, $3 public key, $4 sealed private key, $5 now: of two at once one is kept.
INSERT INTO signing_keys (purpose, origin, public_key, sealed, made_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (purpose) DO NOTHING
