INSERT INTO rebuild_alerts (projection, version, partition, alert_id, kind, subject, threshold,
                            customer_id, branch_id, since, currency, amount_minor, state, state_by,
                            state_at, until, delegate)
SELECT $1, $2, $3, *
FROM unnest($4::text::uuid[], $5::text::text[], $6::text::text[], $7::text::integer[],
            $8::text::text[], $9::text::text[], $10::text::timestamptz[], $11::text::text[],
            $12::text::bigint[], $13::text::text[], $14::text::text[], $15::text::timestamptz[],
            $16::text::timestamptz[], $17::text::text[])
