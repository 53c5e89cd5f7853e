"""The page that a day begins with: one's own desk, or the company's overview."""
