-- $1 tokens of accounts: the customers who paid from them.
SELECT token, customer_id FROM payer_accounts WHERE token = ANY ($1::bigint[]);
