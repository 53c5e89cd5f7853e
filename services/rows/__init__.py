"""Rows of projections in PostgreSQL: their tables, their differences, their store."""
