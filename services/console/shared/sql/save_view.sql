-- Keep a view; under a name that its owner has for the list already, in place of that one.
-- $1 list, $2 name, $3 query, $4 owner, $5 audience, $6 branch or null, $7 now,
-- $8 how many views somebody may have.
INSERT INTO saved_views AS v (list, name, query, owner, audience, branch_id, saved_at)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE (SELECT count(*) FROM saved_views WHERE owner = $4) < $8
   OR EXISTS (SELECT 1 FROM saved_views WHERE owner = $4 AND list = $1 AND name = $2)
ON CONFLICT (owner, list, name) DO UPDATE
    SET query = excluded.query, audience = excluded.audience, branch_id = excluded.branch_id,
        saved_at = excluded.saved_at
RETURNING view_id::text, list, name, query, owner, audience, branch_id
