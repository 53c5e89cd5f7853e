SELECT * FROM alert_journal WHERE ordinal > $1 AND ordinal <= $2 ORDER BY ordinal LIMIT $3
