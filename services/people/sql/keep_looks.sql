-- $1 when, $2 which members of staff, $3 of which branch, were shown who $4 which customers are, and $5
-- on what page.
INSERT INTO looks (at, staff_id, branch_id, customer_id, page)
SELECT * FROM unnest(
    $1::text::timestamptz[], $2::text::text[], $3::text::text[], $4::text::text[], $5::text::text[]
)
