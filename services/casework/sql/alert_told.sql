-- $1 an alert: what was told of it last.
SELECT alert_id, customer_id, kind, subject, threshold, since, branch_id, action, at
FROM alert_journal
WHERE alert_id = $1::text::uuid
ORDER BY occurrence DESC
LIMIT 1
