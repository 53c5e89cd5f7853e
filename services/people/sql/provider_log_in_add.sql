-- $1 hash of the state, $2 nonce, $3 verifier, $4 onward, $5 ends_at
INSERT INTO provider_log_ins (hash, nonce, verifier, onward, ends_at) VALUES ($1, $2, $3, $4, $5);
