"""The console's named SQL, with the tables of a projection version filled in."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from projections.protocol import Projection
from services.postgres.row_tables import tables_of


@cache
def _template(name: str) -> str:
    return files("services.console").joinpath("sql", f"{name}.sql").read_text("utf-8")


class Statements:
    """Statements kept in `services/console/sql/<name>.sql`, for one projection version.

    A word in braces, such as {items}, stands for that table of the projection.
    """

    def __init__(self, projection: Projection) -> None:
        self._tables: Mapping[str, str] = {
            name: table.name for name, table in tables_of(projection).items()
        }

    def sql(self, name: str, **parts: str) -> str:
        """Return a statement; `parts` fill what else stands in braces."""
        return _template(name).format(**self._tables, **parts)
