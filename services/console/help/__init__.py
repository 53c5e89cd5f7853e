"""Help for each page, written for those who work with it."""
