-- $1 as of, $2 as known, $3 who asks, $4 now, $5 the code that runs: have it walked, also anew.
INSERT INTO pasts (as_of, as_known, asked_by, asked_at, used_at, code) VALUES ($1, $2, $3, $4, $4, $5)
ON CONFLICT (as_of, as_known) DO UPDATE
SET asked_by = $3, asked_at = $4, used_at = $4, code = $5, ready_at = NULL, why = NULL,
    done = 0, left_out = 0
RETURNING *;
