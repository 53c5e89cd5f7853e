-- What the work list's filter finds, by currency, summed up as far as the limit.
SELECT currency, count(*) AS items, sum(balance_minor)::bigint AS balance_minor FROM (
    SELECT i.currency, i.balance_minor FROM {items} i {joins}
    WHERE i.status = 'open' AND {conditions} LIMIT {limit}
) AS found
GROUP BY currency
