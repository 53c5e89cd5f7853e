"""Casework: what a case is, what may be done to it by whom, and what each event makes of it."""
