-- $1 customer: the tier, where it is known.
SELECT tier FROM {tiers} WHERE customer_id = $1;
