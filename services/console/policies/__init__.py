"""The rules that count now, and those to come."""
