"""Members of staff as pages show them: by name, and the number where the name is not enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from markupsafe import Markup

from events.policy import Reference
from services.web.names import name_in


class Staff:
    """What everybody is called in a language; whoever has no name is called by number."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._shared = {name for name, count in Counter(names.values()).items() if count > 1}

    def __call__(self, number: str) -> Markup:
        """Return somebody as a page shows them: the number beside a name that others have, too."""
        name = self._names.get(number)
        if name is None:
            return Markup("<bdi>{}</bdi>").format(number)
        beside = Markup(" <small>{}</small>").format(number) if name in self._shared else ""
        return Markup('<span title="{}"><bdi>{}</bdi>{}</span>').format(number, name, beside)

    def called(self, number: str) -> str:
        """Return somebody as a choice or a sentence tells them: name and number."""
        name = self._names.get(number)
        return number if name is None else f"{name} ({number})"

    @property
    def names(self) -> Mapping[str, str]:
        """Return the name of everybody who has one, by number."""
        return self._names


@lru_cache(maxsize=8)
def staff_of(reference: Reference, language: str) -> Staff:
    """Return what the company's members of staff are called in a language."""
    told = ((number, name_in(language, one)) for number, one in reference.staff.items())
    return Staff({number: name for number, name in told if name})
