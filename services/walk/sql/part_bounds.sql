-- $1 percent of the table's pages to look at, $2 parts: customers that divide the events into
-- parts of about the same size.
SELECT DISTINCT bound
FROM (SELECT percentile_disc(ARRAY(SELECT k::float8 / $2 FROM generate_series(1, $2 - 1) AS k))
          WITHIN GROUP (ORDER BY customer_id) AS bounds
      FROM events TABLESAMPLE SYSTEM ($1) REPEATABLE (1)
      WHERE customer_id IS NOT NULL) AS sample,
     unnest(bounds) AS bound
ORDER BY bound
