WITH raised AS (
    SELECT *
    FROM unnest($5::uuid[], $6::text[], $7::text[], $8::integer[], $9::text[], $10::text[],
                $11::timestamptz[], $12::text[], $13::bigint[])
         AS a (alert_id, kind, subject, threshold, customer_id, branch_id, since, currency,
               amount_minor)
), standing AS (
    INSERT INTO alerts (alert_id, projection, version, customer_id, partition, kind, subject,
                        threshold, branch_id, since, currency, amount_minor, raised_at)
    SELECT alert_id, $1, $2, customer_id, $3, kind, subject, threshold, branch_id, since,
           currency, amount_minor, $4
    FROM raised
)
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
                           customer_id, branch_id, since, currency, amount_minor)
SELECT r.alert_id,
       1 + (SELECT count(*) FROM alert_journal j WHERE j.alert_id = r.alert_id),
       'raised', $4, r.kind, r.subject, r.threshold, r.customer_id, r.branch_id, r.since,
       r.currency, r.amount_minor
FROM raised r
ORDER BY r.since, r.alert_id
