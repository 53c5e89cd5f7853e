-- A saved view to be changed, by its id.
SELECT view_id::text, list, name, query, owner, audience, branch_id
FROM saved_views WHERE view_id = $1::uuid
