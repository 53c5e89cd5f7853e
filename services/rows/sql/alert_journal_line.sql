-- $1 ordinal.
SELECT * FROM alert_journal WHERE ordinal = $1
