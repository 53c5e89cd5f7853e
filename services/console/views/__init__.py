"""Saved views: filters of lists kept under a name, for oneself, a branch or the company."""
