"""What branches send: their sources, and what was refused of it."""
