-- $1 hash of the state, $2 nonce, $3 verifier, $4 onward, $5 ends_at, $6 now, $7 how many there may be: one
-- more, in the place of those that are over and, where there are too many, of the oldest.
WITH over AS (DELETE FROM provider_log_ins WHERE ends_at <= $6),
surplus AS (
    DELETE FROM provider_log_ins WHERE hash IN (
        SELECT hash FROM provider_log_ins ORDER BY ends_at DESC OFFSET $7 - 1
    )
)
INSERT INTO provider_log_ins (hash, nonce, verifier, onward, ends_at) VALUES ($1, $2, $3, $4, $5);
