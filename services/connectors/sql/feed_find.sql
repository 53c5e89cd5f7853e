-- $1 name: the feed, in use or removed.
SELECT name, format, branch_id, zone, currency, settings, removed_at FROM feeds WHERE name = $1;
