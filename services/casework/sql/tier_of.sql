-- $1 customer: the tier, where it is known.
SELECT tier FROM {standings} WHERE customer_id = $1;
