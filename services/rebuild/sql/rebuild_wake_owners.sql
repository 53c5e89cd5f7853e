-- $1 projections, $2 generation, $3 the one of them that was rebuilt: owners find their
-- checkpoints moved and look again at what is live; readers see that its rows changed.
UPDATE checkpoints c
SET epoch = epoch + 1, change_no = change_no + (c.projection = $3)::int, updated_at = now()
FROM live_versions l
WHERE c.projection = ANY($1::text[]) AND c.generation = $2
  AND l.projection = c.projection AND l.version = c.version
