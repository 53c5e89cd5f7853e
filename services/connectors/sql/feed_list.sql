-- The feeds in use.
SELECT name, format, branch_id, zone, currency, settings, made_at FROM feeds
WHERE removed_at IS NULL ORDER BY name;
