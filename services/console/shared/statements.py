"""The console's named SQL, with the tables of projection versions filled in."""

from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files

from projections.protocol import Projection
from services.rows.row_tables import scoped_tables


@cache
def named_sql(name: str) -> str:
    """Return a statement as it is kept: `topic/name` is the file <topic>/sql/<name>.sql."""
    topic, _, file = name.partition("/")
    return files("services.console").joinpath(topic, "sql", f"{file}.sql").read_text("utf-8")


class Statements:
    """Named statements for versions of some projections, as somebody asks who sees some branches.

    A word in braces, such as {items}, stands for that table of whichever projection has it, and
    {alerts}, {alert_journal}, {totals}, {events} and {admissions} for what is shared: for all of
    it, or for what is seen. No statement names any of them otherwise.
    """

    def __init__(
        self, projections: Sequence[Projection], branches: Collection[str] | None = None
    ) -> None:
        self._tables = scoped_tables(projections, branches)

    def sql(self, name: str, **parts: str) -> str:
        """Return a statement; `parts` fill what else stands in braces."""
        return named_sql(name).format(**self._tables, **parts)

    def filled(self, words: str) -> str:
        """Return a part of a statement with its tables filled in."""
        return words.format(**self._tables)
