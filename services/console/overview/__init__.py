"""What happens now, live, and how fresh the rows are."""
