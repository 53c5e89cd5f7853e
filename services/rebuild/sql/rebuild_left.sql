-- $1 projections: their builds that are not switched, with the walk of each.
SELECT r.projection, r.stored_as, r.version, r.live_version, r.indexed_at, w.*
FROM rebuilds r JOIN rebuild_walks w USING (walk_id)
WHERE r.projection = ANY($1::text[])
