-- $1 feed: its secrets in force, the newest first.
SELECT number, sealed FROM feed_secrets WHERE feed = $1 AND ended_at IS NULL ORDER BY number DESC;
