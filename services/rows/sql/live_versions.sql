-- $1 projections. Held until the transaction ends: a switch waits for whoever takes a
-- partition, and whoever comes after it sees what is live since.
SELECT projection, version FROM live_versions WHERE projection = ANY($1::text[])
ORDER BY projection FOR SHARE
