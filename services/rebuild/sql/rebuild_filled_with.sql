-- $1 projections: every build that the same walks fill.
SELECT walk_id, stored_as, version FROM rebuilds
WHERE walk_id IN (SELECT walk_id FROM rebuilds WHERE projection = ANY($1::text[]))
