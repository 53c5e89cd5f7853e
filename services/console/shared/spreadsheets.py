"""Texts as a file for a spreadsheet holds them."""


def plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: it may be a company's own word."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
