"""Lists whose filters can be kept under a name, and how many entries such a filter finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from services.console.shared.parameters import Parameters, parameters_of
from services.console.shared.reading import Reader

P = TypeVar("P", bound=Parameters)

_PASSING = frozenset({"as_known", "as_of", "at_least", "cursor", "id", "lang", "limit", "scheme"})
"""Parameters that belong to a look at a list, not to its filter."""


class SavedList(Generic[P]):
    """A list with a page, the parameters that its page takes, and how they are counted."""

    def __init__(
        self,
        name: str,
        path: str,
        parameters: type[P],
        count: Callable[[Reader, P, int], Awaitable[int]],
    ) -> None:
        self.name = name
        self.path = path
        self._parameters = parameters
        self._count = count

    def query(self, given: str) -> str:
        """Return a query of the page as it is kept: the filter and the order, and nothing else.

        Raises: BadParameter.
        """
        pairs = [(k, v) for k, v in parse_qsl(given) if k not in _PASSING]
        parameters_of(self._parameters, pairs)
        return urlencode(sorted(pairs))

    async def count(self, reader: Reader, query: str, cap: int) -> int:
        """Return how many entries a kept query finds, counted up to one above a cap.

        Raises: BadParameter.
        """
        return await self._count(reader, parameters_of(self._parameters, parse_qsl(query)), cap)

    def link(self, query: str) -> str:
        """Return the address of the page with a query."""
        return f"{self.path}?{query}" if query else self.path


AnyList = SavedList[Any]
