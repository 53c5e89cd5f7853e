"""The state of the platform: how far everything is, and what runs."""
