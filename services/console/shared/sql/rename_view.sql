-- Give a view another name, unless its owner has that one for the list already.
UPDATE saved_views v SET name = $2
WHERE v.view_id = $1::uuid
  AND NOT EXISTS (SELECT 1 FROM saved_views o WHERE o.owner = v.owner AND o.list = v.list
                  AND o.name = $2 AND o.view_id <> v.view_id)
RETURNING view_id::text, list, name, query, owner, audience, branch_id
