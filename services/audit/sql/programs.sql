-- $1: what the names of the platform's processes are like. Those connected just now, but the one that
-- asks; each has several connections.
SELECT DISTINCT application_name AS name, host(client_addr) AS host FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ $1
  AND application_name <> current_setting('application_name')
ORDER BY 1, 2
