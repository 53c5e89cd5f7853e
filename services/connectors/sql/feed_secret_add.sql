-- $1 feed, $2 number, $3 sealed, $4 now.
INSERT INTO feed_secrets (feed, number, sealed, made_at)
SELECT name, $2, $3, $4 FROM feeds WHERE name = $1;
