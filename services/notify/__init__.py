"""Alerts out of the platform."""
