"""The event log kept by PostgreSQL."""
