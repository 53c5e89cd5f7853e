"""Policies: published as events, tried before, listed by what is in force, lines calibrated."""
