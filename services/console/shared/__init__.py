"""What every topic of the console stands on: rows at a position, texts, pages and refusals."""
