-- $1 projection, $2 its live version, $3 stored as, $4 version, $5 now: alerts that stand among
-- the live ones alone are withdrawn; those of a customer that the build had to park stay.
WITH withdrawn AS (
    DELETE FROM alerts a
    WHERE a.projection = $1 AND a.version = $2
      AND NOT EXISTS (SELECT FROM rebuild_alerts b
                      WHERE b.projection = $3 AND b.version = $4 AND b.alert_id = a.alert_id)
      AND NOT EXISTS (SELECT FROM projection_heads h
                      WHERE h.projection = $3 AND h.version = $4
                        AND h.customer_id = a.customer_id AND h.parked_reason IS NOT NULL)
    RETURNING a.*
)
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
                           customer_id, branch_id, since, currency, amount_minor, cause_reason)
SELECT w.alert_id,
       1 + (SELECT count(*) FROM alert_journal j WHERE j.alert_id = w.alert_id),
       'withdrawn', $5, w.kind, w.subject, w.threshold, w.customer_id, w.branch_id, w.since,
       w.currency, w.amount_minor, 'rebuilt'
FROM withdrawn w
ORDER BY w.since, w.alert_id
