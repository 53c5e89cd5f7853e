WITH withdrawn AS (
    DELETE FROM alerts a
    USING unnest($2::uuid[], $3::text[], $4::uuid[]) AS w (alert_id, reason, event_id)
    WHERE a.alert_id = w.alert_id
    RETURNING a.*, w.reason, w.event_id
)
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
                           customer_id, branch_id, since, currency, amount_minor,
                           cause_reason, cause_event_id)
SELECT w.alert_id,
       1 + (SELECT count(*) FROM alert_journal j WHERE j.alert_id = w.alert_id),
       'withdrawn', $1, w.kind, w.subject, w.threshold, w.customer_id, w.branch_id, w.since,
       w.currency, w.amount_minor, w.reason, w.event_id
FROM withdrawn w
ORDER BY w.since, w.alert_id
