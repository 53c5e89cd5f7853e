-- Segments that customers are in, as far as some of them tell. $1 how many are looked at.
SELECT DISTINCT segment FROM (SELECT s.segment FROM {standings} s LIMIT $1) AS sampled
WHERE segment IS NOT NULL
ORDER BY segment
