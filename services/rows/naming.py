"""What row tables are called in the database."""


def stored_name(projection: str, version: int, table: str) -> str:
    """Return the name of a projection version's table."""
    return f"{projection}_v{version}_{table}"
