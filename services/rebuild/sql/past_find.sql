-- $1 as of, $2 as known, $3 the code that runs, $4 now: a past that was asked for; it is used.
UPDATE pasts SET used_at = $4 WHERE as_of = $1 AND as_known = $2 AND code = $3 RETURNING *;
