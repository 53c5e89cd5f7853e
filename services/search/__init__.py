"""Finding customers by what one remembers of them, and telling who they are."""
