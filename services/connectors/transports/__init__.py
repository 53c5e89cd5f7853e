"""How documents arrive: each way moves bytes and knows no format."""
