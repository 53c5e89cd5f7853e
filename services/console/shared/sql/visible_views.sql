-- The saved views of a list that somebody sees: the own, those of the branches, the company's.
-- $1 list, $2 who looks, $3 the branches that he or she sees or null for all, $4 limit.
SELECT view_id::text, list, name, query, owner, audience, branch_id
FROM saved_views
WHERE list = $1
  AND (owner = $2 OR audience = 'company'
       OR audience = 'branch' AND ($3::text[] IS NULL OR branch_id = ANY($3)))
ORDER BY (owner <> $2), name, view_id
LIMIT $4
