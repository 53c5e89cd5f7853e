"""A PostgreSQL server of the installation's own, started and kept for who uses it."""
