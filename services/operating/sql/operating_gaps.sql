-- $1 how many: sources that published with numbers of which some are missing, the most first.
SELECT source, sum(missing)::bigint AS missing
FROM (
    SELECT source, max(sequence) - min(sequence) + 1 - count(*) AS missing
    FROM admissions WHERE sequence IS NOT NULL GROUP BY source, epoch
) AS of_epoch
GROUP BY source HAVING sum(missing) > 0
ORDER BY 2 DESC, 1 LIMIT $1
