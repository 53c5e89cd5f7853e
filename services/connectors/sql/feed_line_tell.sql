-- $1 feed, $2 whether the line is up, $3 since when, $4 when something was heard last, $5 now,
-- $6 connects, $7 recorded, $8 incomplete, $9 reason.
INSERT INTO feed_lines AS l
    (feed, is_up, since, heard_at, told_at, connects, recorded, incomplete, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (feed) DO UPDATE
SET is_up = excluded.is_up, since = excluded.since, heard_at = excluded.heard_at,
    told_at = excluded.told_at, connects = excluded.connects, recorded = excluded.recorded,
    incomplete = excluded.incomplete, reason = excluded.reason;
