"""Who customers are: what is decided about them, and what it means. Pure."""
