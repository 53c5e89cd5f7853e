-- $1 feed: the number of its next secret; the feed is locked until then.
SELECT coalesce((SELECT max(number) FROM feed_secrets WHERE feed = f.name), 0) + 1
FROM feeds f WHERE f.name = $1 AND f.removed_at IS NULL FOR UPDATE;
