-- $1 customers, $2 payments that were never theirs.
DELETE FROM payer_accounts p
USING unnest($1::text[], $2::text[]) AS gone (customer_id, payment_id)
WHERE p.customer_id = gone.customer_id AND p.payment_id = gone.payment_id;
