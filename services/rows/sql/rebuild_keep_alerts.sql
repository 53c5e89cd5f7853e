INSERT INTO rebuild_alerts (projection, version, partition, alert_id, kind, subject, threshold,
                            customer_id, branch_id, since, currency, amount_minor)
SELECT $1, $2, $3, *
FROM unnest($4::uuid[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::text[],
            $10::timestamptz[], $11::text[], $12::bigint[])
