-- $1 hash of the state, $2 now: it is good once.
DELETE FROM provider_log_ins WHERE hash = $1 AND ends_at > $2 RETURNING nonce, verifier, onward;
