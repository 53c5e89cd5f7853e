-- $1 when, $2 which members of staff were shown $3 which customers' names, and $4 on what page.
INSERT INTO looks (at, staff_id, customer_id, page)
SELECT * FROM unnest(
    $1::text::timestamptz[], $2::text::text[], $3::text::text[], $4::text::text[]
)
