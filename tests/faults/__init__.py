"""Kill, cut and restart the real product under load, and prove that nothing was lost."""
