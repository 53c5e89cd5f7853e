-- Customers at home in the branches that are seen.
SELECT count(*) FROM {standings} s
