"""The search box: finds customers and what they are about, and is the command box too."""
