-- $1 how many pasts are kept, $2 the code that runs: let go of those of other code, and of those
-- that are ready and were used the longest ago.
DELETE FROM pasts
WHERE code <> $2 OR past_id IN (
    SELECT past_id FROM pasts WHERE ready_at IS NOT NULL ORDER BY used_at DESC OFFSET $1 - 1
)
RETURNING past_id;
