SELECT coalesce(max(ordinal), 0) FROM alert_journal
