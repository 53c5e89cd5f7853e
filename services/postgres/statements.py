"""The named SQL: one statement per file, read once."""

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """Return the statement kept in `services/postgres/sql/<name>.sql`."""
    return files("services.postgres").joinpath("sql", f"{name}.sql").read_text("utf-8")
