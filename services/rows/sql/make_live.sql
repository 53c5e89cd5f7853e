-- $1 projections, $2 their versions: what is projected for the first time becomes live.
INSERT INTO live_versions (projection, version)
SELECT * FROM unnest($1::text[], $2::integer[])
ON CONFLICT (projection) DO NOTHING
