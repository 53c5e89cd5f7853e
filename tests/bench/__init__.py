"""Measured claims: each figure is a ratio to a ceiling or peer taken in the same run."""
