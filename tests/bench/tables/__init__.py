"""How each bench's figures look in docs/performance.md."""
