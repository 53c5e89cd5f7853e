-- $1 customers, $2 those of whom something was told that they are found by: whom to look at.
SELECT asked FROM unnest($1::text[]) AS asked
WHERE asked = ANY ($2::text[]) OR NOT EXISTS (
    SELECT FROM search_customers s WHERE s.customer_id = asked AND s.home_named
);
