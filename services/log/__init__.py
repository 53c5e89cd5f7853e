"""The event log, and what both kinds of it share: admissions, dossiers, the way of generations."""
