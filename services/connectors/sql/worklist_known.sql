-- $1 customer: whether anything was ever told of it.
SELECT EXISTS (SELECT FROM events WHERE customer_id = $1);
