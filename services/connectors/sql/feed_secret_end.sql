-- $1 feed, $2 number, $3 now: this secret holds no more.
UPDATE feed_secrets SET ended_at = $3 WHERE feed = $1 AND number = $2 AND ended_at IS NULL
RETURNING number;
