SELECT count(*) FROM (
    SELECT 1 FROM alerts
    WHERE (projection, version) IN (SELECT * FROM unnest($1::text[], $2::int[]))
      AND ($3::text IS NULL OR kind = $3)
      AND ($4::text IS NULL OR branch_id = $4)
      AND ($5::text IS NULL OR customer_id = $5)
    LIMIT $6
) AS found
