"""The company as of a past instant, while it is walked."""
