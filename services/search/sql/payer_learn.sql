-- $1 tokens of accounts, $2 customers, $3 payments: the payment that told first stays.
INSERT INTO payer_accounts (token, customer_id, payment_id)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])
ON CONFLICT (token, customer_id) DO NOTHING;
