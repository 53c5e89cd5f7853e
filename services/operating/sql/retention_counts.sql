-- What is kept for a time: how much there is and how much of it is over. $1 the instant before which
-- refused events were last sent, $2 now, $3 the instant before which sessions were last seen, $4 what
-- the code of this program's snapshots begins with, $5 the current generation, $6 the instant before
-- which looks may go that the events table tells of.
SELECT 'quarantine' AS what, count(*) AS kept, count(*) FILTER (WHERE last_received_at < $1) AS over
FROM quarantine
UNION ALL
SELECT 'quarantine_overflow', count(*), count(*) FILTER (WHERE last_at < $1) FROM quarantine_overflow
UNION ALL
SELECT 'sessions', count(*), count(*) FILTER (WHERE ends_at <= $2 OR seen_at <= $3)
FROM staff_sessions
UNION ALL
SELECT 'links', count(*), count(*) FILTER (WHERE ends_at <= $2)
FROM (SELECT ends_at FROM staff_links UNION ALL SELECT ends_at FROM provider_log_ins) AS links
UNION ALL
SELECT 'snapshots', count(*),
       count(*) FILTER (WHERE generation < $5 OR NOT starts_with(code, $4))
FROM dossier_snapshots
UNION ALL
SELECT 'looks', count(*), count(*) FILTER (WHERE EXISTS (
    SELECT FROM look_events t JOIN events e USING (event_id)
    WHERE t.event_id = l.event_id AND t.is_in_log AND t.last_at < $6
))
FROM looks l
UNION ALL
SELECT 'alert_journal', count(*), 0 FROM alert_journal
UNION ALL
SELECT 'people_journal', count(*), 0 FROM people_journal
