SELECT coalesce(max(ordinal), 0) FROM quarantine
