-- $1 now, $2 seen since: what is over is let go of.
WITH links AS (DELETE FROM staff_links WHERE ends_at <= $1),
    log_ins AS (DELETE FROM provider_log_ins WHERE ends_at <= $1)
DELETE FROM staff_sessions WHERE ends_at <= $1 OR seen_at <= $2;
