SELECT count(*) FROM (
    SELECT 1 FROM {items} i {joins} WHERE i.status = 'open' AND {conditions} LIMIT {limit}
) AS found
