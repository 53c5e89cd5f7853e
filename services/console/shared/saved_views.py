"""Filters of lists that somebody keeps under a name, and who sees them.

A view belongs to whoever saved it, and nobody else changes it but an administrator. It is seen by
its owner alone, by all who see a branch, or by everybody; what it finds is each reader's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from events.texts import worded
from services.console.shared.lists import AnyList
from services.console.shared.reading import Reader
from services.console.shared.refusals import BadParameter
from services.console.shared.statements import named_sql
from services.people.principal import Principal, Right
from services.platform import Platform
from services.postgres.pool import translated
from services.web.problems import Problem

Audience = Literal["private", "branch", "company"]

COUNTED = 1_000
"""As far as the entries of a view are counted where views are listed."""

MOST_COUNTED = 20
"""Of how many filters the entries are counted where a list's views are shown, one's own first."""

MOST_OWN = 100
_MOST_SHOWN = 200


class SavedView(Struct, frozen=True):
    """A filter and an order of a list under a name."""

    view_id: str
    list: str
    name: str
    query: str
    owner: str
    audience: Audience
    branch_id: str | None  # whose view it is, where a branch shares it

    def may_be_changed_by(self, principal: Principal) -> bool:
        """Tell whether somebody may rename or delete it."""
        return self.owner == principal.staff_id or principal.may(Right.ADMINISTER)


class CountedView(Struct, frozen=True):
    """A view, and how many entries it finds; None: its list does not take it any more.

    Beyond MOST_COUNTED filters nothing is counted: whoever opens such a view is told.
    """

    view: SavedView
    count: int | None
    is_counted: bool = True


class ViewsMenu(Struct, frozen=True):
    """The saved views of a list as somebody sees them on its page."""

    list: AnyList
    query: str  # what the page shows, as it would be kept
    entries: tuple[CountedView, ...]
    cap: int
    principal: Principal
    branches: Mapping[str, str]  # with which it can be shared, and their names

    @property
    def changeable(self) -> tuple[SavedView, ...]:
        """Return those that whoever looks may rename or delete."""
        views = [one.view for one in self.entries]
        return tuple(one for one in views if one.may_be_changed_by(self.principal))

    def link(self, view: SavedView) -> str:
        """Return the address of a view."""
        return self.list.link(view.query)


class UnknownView(Problem):
    """Nobody keeps such a view, or it is not one's own to see."""

    def __init__(self, view_id: str) -> None:
        super().__init__(
            HTTPStatus.NOT_FOUND,
            "unknown_view",
            worded("there is no saved view %(id)s", id=repr(view_id)),
            worded("it may have been deleted; see the list's saved views"),
        )


class NotYours(Problem):
    """A view is changed by its owner."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN,
            "not_your_view",
            worded("somebody else saved this view"),
            worded("save the filter under a name of your own"),
        )


async def counted(
    reader: Reader, kind: AnyList, views: Sequence[SavedView]
) -> tuple[CountedView, ...]:
    """Return views with what they find now, counted up to one above COUNTED.

    The same filter is counted once, and no more filters than MOST_COUNTED.
    """
    found: dict[str, int | None] = {}
    for one in views:
        if one.query not in found and len(found) < MOST_COUNTED:
            found[one.query] = await _count(reader, kind, one)
    return tuple(CountedView(one, found.get(one.query), one.query in found) for one in views)


async def _count(reader: Reader, kind: AnyList, view: SavedView) -> int | None:
    try:
        return await kind.count(reader, view.query, COUNTED)
    except BadParameter:  # kept before the list, or a policy, changed: shown as such
        return None


def state_of(views: Sequence[SavedView]) -> str:
    """Return what changes whenever one of some views does."""
    return hashlib.sha256(msgspec.msgpack.encode(views)).hexdigest()[:12]


class SavedViews:
    """Keeps views. Everything raises Unavailable."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def visible(self, principal: Principal, kind: AnyList) -> tuple[SavedView, ...]:
        """Return the saved views of a list that somebody sees, the own first."""
        with translated():
            rows = await self._platform.pool.fetch(
                named_sql("shared/visible_views"), kind.name, *_seen_by(principal), _MOST_SHOWN
            )
        return tuple(_view(row) for row in rows)

    async def save(
        self,
        principal: Principal,
        kind: AnyList,
        name: str,
        query: str,
        audience: Audience,
        branch_id: str | None,
    ) -> SavedView:
        """Keep a filter under a name; what the owner kept under it for the list gives way.

        Raises: BadParameter.
        """
        if audience == "branch" and not _sees(principal, branch_id):
            raise BadParameter("branch", worded("it is no branch whose customers you see"))
        row = await self._one(
            "shared/save_view",
            kind.name,
            name,
            kind.query(query),
            principal.staff_id,
            audience,
            branch_id if audience == "branch" else None,
            self._platform.clock.now(),
            MOST_OWN,
        )
        if row is None:
            raise BadParameter(
                "name", worded("you have %(most)s saved views: delete one first", most=MOST_OWN)
            )
        return _view(row)

    async def rename(self, principal: Principal, view_id: str, name: str) -> SavedView:
        """Give a view another name. Raises: UnknownView, NotYours, BadParameter."""
        await self.own(principal, view_id)
        row = await self._one("shared/rename_view", view_id, name)
        if row is None:
            raise BadParameter("name", worded("its owner has a view of this name already"))
        return _view(row)

    async def delete(self, principal: Principal, view_id: str) -> SavedView:
        """Forget a view, and return what it was. Raises: UnknownView, NotYours."""
        view = await self.own(principal, view_id)
        with translated():
            await self._platform.pool.execute(named_sql("shared/delete_view"), view_id)
        return view

    async def own(self, principal: Principal, view_id: str) -> SavedView:
        """Return a view that somebody may change. Raises: UnknownView, NotYours."""
        try:
            UUID(view_id)
        except ValueError as error:
            raise UnknownView(view_id) from error
        row = await self._one("shared/own_view", view_id)
        if row is None:
            raise UnknownView(view_id)
        view = _view(row)
        if view.may_be_changed_by(principal):
            return view
        seen = view.audience == "company" or (
            view.audience == "branch" and _sees(principal, view.branch_id)
        )
        raise NotYours() if seen else UnknownView(view_id)

    async def _one(self, statement: str, *parameters: object) -> asyncpg.Record | None:
        with translated():
            found = await self._platform.pool.fetchrow(named_sql(statement), *parameters)
        assert found is None or isinstance(found, asyncpg.Record)
        return found


def _seen_by(principal: Principal) -> tuple[str, list[str] | None]:
    branches = principal.scope.branches
    return principal.staff_id, None if branches is None else sorted(branches)


def _sees(principal: Principal, branch_id: str | None) -> bool:
    branches = principal.scope.branches
    return branch_id is not None and (branches is None or branch_id in branches)


def _view(row: asyncpg.Record) -> SavedView:
    return SavedView(**{name: row[name] for name in SavedView.__struct_fields__})
