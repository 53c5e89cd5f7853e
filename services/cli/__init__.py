"""The commands of `touchstone`, a module for each group."""
