-- $1 branch, $2 how many rows: the customers at home there, a row for each currency of an account.
SELECT s.customer_id, s.tier, a.currency, a.exposure_minor, a.limit_minor, a.gate_refusal,
       a.oldest_due_on
FROM {standings} s
LEFT JOIN {accounts} a USING (customer_id)
WHERE s.branch_id = $1
ORDER BY s.customer_id, a.currency
LIMIT $2
