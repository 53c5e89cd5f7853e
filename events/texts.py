"""Texts that people read: written in English where they are meant, marked for translation."""


def N_(text: str) -> str:
    """Mark a text for the catalogues that is translated where it is shown."""
    return text
