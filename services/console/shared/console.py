"""What the console's handlers share: read models, the key of the cursors, the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from projections.protocol import Projection
from services.casework.commanding import Commanding
from services.console.shared.cursor import CursorSigner
from services.console.shared.kept import KeptAnswers
from services.console.shared.lists import AnyList
from services.console.shared.reading import CASES, RECEIVABLES, VALUE, ReadModel, SharedFeed
from services.console.shared.render import Renderer
from services.console.shared.saved_views import SavedViews
from services.importing.uploads import Uploads
from services.people.looks import Looks
from services.people.people import People
from services.people.principal import Doorkeeper
from services.platform import Platform
from services.rebuild.pasts import Pasts
from services.search.finding import Finder
from services.search.persons import Persons
from services.search.tokens import tokens_of

_SIGNING_SUBJECT = "console:cursors"
"""A subject that nobody is: its key signs."""

_SIGNING_CONTENT = b"signs the cursors of the console"


class Console:
    """One console over one platform: each projection to be read alone, and all together."""

    def __init__(
        self,
        platform: Platform,
        projections: Sequence[Projection],
        renderer: Renderer,
        doorkeeper: Doorkeeper,
        lists: Sequence[AnyList],
        people: People | None = None,  # None: nobody logs in
    ) -> None:
        feed = SharedFeed(platform)
        named = {projection.name: projection for projection in projections}
        self.receivables = ReadModel(platform, [named[RECEIVABLES]], feed)
        self.value = ReadModel(platform, [named[VALUE]], feed)
        self.cases = ReadModel(platform, [named[CASES]], feed)
        self.everything = ReadModel(platform, projections, feed)
        self.feed = feed
        self.vault = platform.vault
        self.platform = platform
        self.commanding = Commanding(platform)
        self.persons = Persons(platform.pool, platform.vault, platform.clock)
        self.kept = KeptAnswers()
        self.looks = Looks(platform.pool, platform.clock)
        self.renderer = renderer
        self.doorkeeper = doorkeeper
        self.lists: Mapping[str, AnyList] = {one.name: one for one in lists}
        self.saved_views = SavedViews(platform)
        self.pasts = Pasts(platform)
        self.uploads = Uploads(platform)
        self.people = people
        self._signer: CursorSigner | None = None
        self._finder: Finder | None = None

    async def finder(self) -> Finder:
        """Return what finds customers. Raises: Unavailable."""
        if self._finder is None:
            self._finder = Finder(self.platform.pool, await tokens_of(self.vault), self.persons)
        return self._finder

    async def signer(self) -> CursorSigner:
        """Return what signs cursors: the same key in every process. Raises: Unavailable."""
        if self._signer is None:
            key = await self.vault.digest(_SIGNING_SUBJECT, _SIGNING_CONTENT)
            self._signer = CursorSigner(key)
        return self._signer
