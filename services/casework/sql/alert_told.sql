-- $1 alerts: what was told of each last.
SELECT DISTINCT ON (alert_id)
       alert_id, customer_id, kind, subject, threshold, since, branch_id, action, at
FROM alert_journal
WHERE alert_id = ANY($1::text[]::uuid[])
ORDER BY alert_id, occurrence DESC
