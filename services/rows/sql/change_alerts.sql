-- Alerts that do not stand any more: $1 which, $2 when that was known, $3 why, $4 by which event.
-- Then those that stand now: $5 projection, $6 version, $7 partition, $8 when that was known,
-- $9 which, $10 kind, $11 subject, $12 threshold, $13 customer, $14 branch, $15 since, $16 currency,
-- $17 amount, $18 state, $19 by whom, $20 when, $21 until when, $22 delegate. One that somebody
-- takes care of as it is raised, customers having been merged, is told as that.
WITH withdrawn AS (
    DELETE FROM alerts a
    USING unnest($1::text::uuid[], $2::text::timestamptz[], $3::text::text[], $4::text::uuid[])
          AS w (alert_id, at, reason, event_id)
    WHERE a.alert_id = w.alert_id
    RETURNING a.alert_id, w.at, a.kind, a.subject, a.threshold, a.customer_id, a.branch_id, a.since,
              a.currency, a.amount_minor, w.reason, w.event_id
), raised AS (
    SELECT *
    FROM unnest($5::text::text[], $6::text::integer[], $7::text::smallint[],
                $8::text::timestamptz[], $9::text::uuid[], $10::text::text[], $11::text::text[],
                $12::text::integer[], $13::text::text[], $14::text::text[],
                $15::text::timestamptz[], $16::text::text[], $17::text::bigint[],
                $18::text::text[], $19::text::text[], $20::text::timestamptz[],
                $21::text::timestamptz[], $22::text::text[])
         AS r (projection, version, partition, at, alert_id, kind, subject, threshold, customer_id,
               branch_id, since, currency, amount_minor, state, state_by, state_at, until, delegate)
), standing AS (
    INSERT INTO alerts (alert_id, projection, version, customer_id, partition, kind, subject,
                        threshold, branch_id, since, currency, amount_minor, raised_at, state,
                        state_by, state_at, until, delegate)
    SELECT alert_id, projection, version, customer_id, partition, kind, subject, threshold,
           branch_id, since, currency, amount_minor, at, state, state_by, state_at, until, delegate
    FROM raised
)
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
                           customer_id, branch_id, since, currency, amount_minor,
                           cause_reason, cause_event_id, state_by, until, delegate)
SELECT c.alert_id,
       1 + (SELECT count(*) FROM alert_journal j WHERE j.alert_id = c.alert_id),
       c.action, c.at, c.kind, c.subject, c.threshold, c.customer_id, c.branch_id, c.since,
       c.currency, c.amount_minor, c.reason, c.event_id, c.state_by, c.until, c.delegate
FROM (
    SELECT 1 AS turn, 'withdrawn' AS action, w.*, NULL AS state_by, NULL::timestamptz AS until,
           NULL AS delegate
    FROM withdrawn w
    UNION ALL
    SELECT 2, CASE state WHEN 'open' THEN 'raised' ELSE state END, alert_id, at, kind, subject,
           threshold, customer_id, branch_id, since, currency, amount_minor, NULL, NULL, state_by,
           until, delegate
    FROM raised
) AS c
ORDER BY c.turn, c.since, c.alert_id
