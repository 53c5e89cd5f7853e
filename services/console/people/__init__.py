"""Who may enter: log-in, the own account, and what administrators do with users and keys."""
