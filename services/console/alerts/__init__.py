"""Alerts that stand, and the journal of what was raised and withdrawn."""
