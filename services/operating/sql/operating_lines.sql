-- $1 now: how the lines of feeds in use are; one of which nobody has told for 30 seconds is down.
SELECT l.feed, l.is_up AND l.told_at > $1::timestamptz - interval '30 seconds' AS is_up,
       greatest(0, extract(epoch FROM $1 - coalesce(l.heard_at, l.since)))::float8 AS silent_s,
       l.incomplete
FROM feed_lines l JOIN feeds f ON f.name = l.feed
WHERE f.removed_at IS NULL AND coalesce(f.settings ->> 'manager', '') <> ''
ORDER BY l.feed;
