-- How the lines of feeds in use are.
SELECT l.* FROM feed_lines l JOIN feeds f ON f.name = l.feed
WHERE f.removed_at IS NULL ORDER BY l.feed;
