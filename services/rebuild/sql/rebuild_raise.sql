-- $1 projection, $2 its live version, $3 stored as, $4 version, $5 now: alerts that stand in the
-- build alone are told, once; one that somebody takes care of is told as that.
WITH raised AS (
    SELECT b.* FROM rebuild_alerts b
    WHERE b.projection = $3 AND b.version = $4
      AND NOT EXISTS (SELECT FROM alerts a WHERE a.alert_id = b.alert_id)
      AND NOT EXISTS (SELECT FROM projection_heads h
                      WHERE h.projection = $3 AND h.version = $4
                        AND h.customer_id = b.customer_id AND h.parked_reason IS NOT NULL)
), standing AS (
    INSERT INTO alerts (alert_id, projection, version, customer_id, partition, kind, subject,
                        threshold, branch_id, since, currency, amount_minor, raised_at, state,
                        state_by, state_at, until, delegate)
    SELECT alert_id, $1, $2, customer_id, partition, kind, subject, threshold, branch_id, since,
           currency, amount_minor, $5, state, state_by, state_at, until, delegate
    FROM raised
)
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
                           customer_id, branch_id, since, currency, amount_minor, cause_reason,
                           state_by, until, delegate)
SELECT r.alert_id,
       1 + (SELECT count(*) FROM alert_journal j WHERE j.alert_id = r.alert_id),
       CASE r.state WHEN 'open' THEN 'raised' ELSE r.state END, $5, r.kind, r.subject, r.threshold, r.customer_id, r.branch_id, r.since,
       r.currency, r.amount_minor, 'rebuilt', r.state_by, r.until, r.delegate
FROM raised r
ORDER BY r.since, r.alert_id
