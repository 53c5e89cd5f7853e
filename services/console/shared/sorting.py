"""Headers of a list that sort it: each a link that keeps the filter and starts at the beginning."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request

from services.console.shared.i18n import with_parameters


class Sorting(NamedTuple):
    """By which name a list is sorted, and whether the other way round."""

    request: Request
    by: str
    reverse: bool

    def link(self, name: str) -> str:
        """Return the address of the list sorted by a header; by its own, the other way round."""
        reverse = "true" if name == self.by and not self.reverse else None
        return with_parameters(self.request, {"sort": name, "reverse": reverse, "cursor": None})

    def way(self, name: str, *, falls: bool) -> str | None:
        """Return which way a header's column goes, in the word of aria-sort; None: not by it.

        `falls`: it goes down unless it is reversed.
        """
        if name != self.by:
            return None
        return "descending" if falls != self.reverse else "ascending"
