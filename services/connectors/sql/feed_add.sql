-- $1 name, $2 format, $3 branch, $4 zone, $5 currency, $6 settings, $7 now: the feed, new or back
-- as what it was; nothing where the name is another feed's.
INSERT INTO feeds AS f (name, format, branch_id, zone, currency, settings, made_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7)
ON CONFLICT (name) DO UPDATE
SET zone = excluded.zone, currency = excluded.currency, settings = excluded.settings,
    removed_at = NULL
WHERE f.removed_at IS NOT NULL AND f.format = excluded.format AND f.branch_id = excluded.branch_id
RETURNING name;
