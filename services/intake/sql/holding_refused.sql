-- $1 branch, $2 source, $3 epoch, $4 first and $5 last number, $6 how many: numbers of refused
-- events that nobody else's event has taken since.
SELECT DISTINCT q.sequence FROM quarantine q
WHERE q.branch_id = $1 AND q.source = $2 AND q.epoch = $3 AND q.sequence BETWEEN $4 AND $5
  AND NOT EXISTS (
      SELECT FROM admissions a
      WHERE a.source = q.source AND a.epoch = q.epoch AND a.sequence = q.sequence
  )
ORDER BY 1 LIMIT $6
