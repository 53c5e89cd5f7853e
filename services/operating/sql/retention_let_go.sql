-- Lets go of what is over; the parameters are those of retention_counts.
WITH gone_quarantine AS (DELETE FROM quarantine WHERE last_received_at < $1),
     gone_overflow AS (DELETE FROM quarantine_overflow WHERE last_at < $1),
     gone_links AS (DELETE FROM staff_links WHERE ends_at <= $2),
     gone_log_ins AS (DELETE FROM provider_log_ins WHERE ends_at <= $2),
     gone_sessions AS (DELETE FROM staff_sessions WHERE ends_at <= $2 OR seen_at <= $3)
DELETE FROM dossier_snapshots WHERE generation < $5 OR NOT starts_with(code, $4)
