"""What the facts mean: one folder per projection. Pure."""
