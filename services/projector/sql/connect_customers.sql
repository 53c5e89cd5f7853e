-- $1 customers, $2 into whom each is merged. Only in a transaction that holds identities alone.
SELECT connect_customers(member, into_whom)
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS merges (member, into_whom, place)
ORDER BY place
