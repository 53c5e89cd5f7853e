"""Who looked at personal data, for auditors."""
