-- Which have a snapshot of any kind: $1 projection, $2 version, $3 customer of each asked for.
SELECT s.projection, s.customer_id
FROM unnest($1::text::text[], $2::text::integer[], $3::text::text[])
     AS w (projection, version, customer_id)
JOIN dossier_snapshots s USING (projection, version, customer_id)
