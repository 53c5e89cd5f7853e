-- What was done about alerts that stand on, or that their time has come again: $1 which, $2 when
-- that was known, $3 what to tell.
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
                           customer_id, branch_id, since, currency, amount_minor, state_by, until,
                           delegate)
SELECT a.alert_id,
       1 + (SELECT count(*) FROM alert_journal j WHERE j.alert_id = a.alert_id),
       n.action, n.at, a.kind, a.subject, a.threshold, a.customer_id, a.branch_id, a.since,
       a.currency, a.amount_minor, a.state_by, a.until, a.delegate
FROM unnest($1::text::uuid[], $2::text::timestamptz[], $3::text::text[]) AS n (alert_id, at, action)
JOIN alerts a USING (alert_id)
ORDER BY a.since, a.alert_id
