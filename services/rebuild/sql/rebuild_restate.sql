-- $1 projection, $2 its live version, $3 stored as, $4 version: the same episodes stand on, as the
-- build has them; nothing is told.
UPDATE alerts a
SET branch_id = b.branch_id, amount_minor = b.amount_minor, state = b.state,
    state_by = b.state_by, state_at = b.state_at, until = b.until, delegate = b.delegate
FROM rebuild_alerts b
WHERE a.projection = $1 AND a.version = $2 AND b.projection = $3 AND b.version = $4
  AND a.alert_id = b.alert_id
  AND (a.branch_id, a.amount_minor, a.state, a.state_by, a.state_at, a.until, a.delegate)
      IS DISTINCT FROM
      (b.branch_id, b.amount_minor, b.state, b.state_by, b.state_at, b.until, b.delegate)
