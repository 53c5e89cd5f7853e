"""Customers' keys, one each, wrapped by the master key; a destroyed key stays destroyed."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.envelope import Envelope
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql
from services.vault.master_key import MasterKeyUnusable, master_key
from services.vault.subject_key import KEY_BYTES, SealBroken, SubjectErased, SubjectKey, derived

__all__ = [
    "MasterKeyUnusable",
    "PostgresVault",
    "SealBroken",
    "SubjectErased",
    "SubjectKey",
    "branch_subject",
    "master_key",
    "subject_of",
]

_CACHED_KEYS = 50_000
"""Unwrapped keys kept in memory, about 1 KiB each."""

_NONCE_BYTES = 12
_CHECK = "vault:check"
"""A subject that nobody is: its key shows whether the master key is this database's."""


def branch_subject(branch_id: str) -> str:
    """Return the subject under whose key a branch's own secrets lie."""
    return f"branch:{branch_id}"


def subject_of(envelope: Envelope) -> str:
    """Return under whose key an event's personal fields lie: its customer's or its branch's."""
    return envelope.subject or branch_subject(envelope.branch_id)


class PostgresVault:
    """A Vault whose wrapped keys lie in the table subject_keys."""

    def __init__(self, pool: Pool, master: bytes, cached_keys: int = _CACHED_KEYS) -> None:
        """Keep keys in a database, wrapped by a master key of 32 bytes."""
        self._pool = pool
        self._master = master
        self._wrap = AESGCM(derived(master, b"wrap"))
        self._erased_mac_key = derived(master, b"digest of the erased")
        self._cached_keys = cached_keys
        self._cache: OrderedDict[str, SubjectKey] = OrderedDict()
        self._checked = False

    @property
    def master(self) -> bytes:
        """Return the master key, for a process of this one's own that opens the same fields."""
        return self._master

    async def check(self) -> None:
        """Return if the master key is this database's, or nothing was wrapped there yet.

        Raises: Unavailable, MasterKeyUnusable.
        """
        await self.existing([_CHECK])

    async def prepare(self, subjects: Iterable[str]) -> Mapping[str, SubjectKey]:
        """Return each subject's key, making those that are missing, in one round trip.

        Raises: Unavailable, MasterKeyUnusable.
        """
        keys, missing = self._from_cache(subjects)
        if missing and not self._checked:
            await self._obtain({_CHECK})  # before a key is kept that nobody could unwrap
            self._checked = True
        if missing:
            keys.update(await self._obtain(missing))
        return keys

    async def passing(self, subject: str) -> SubjectKey:
        """Return a subject's key, or one that nobody keeps where it has none.

        Raises: Unavailable, MasterKeyUnusable.
        """
        keys = await self.existing([subject])
        new = SubjectKey(subject, secrets.token_bytes(KEY_BYTES), self._erased_mac_key)
        return keys.get(subject, new)

    async def existing(self, subjects: Iterable[str]) -> Mapping[str, SubjectKey]:
        """Return the keys of those subjects that have or had one; none is made.

        Raises: Unavailable, MasterKeyUnusable.
        """
        keys, missing = self._from_cache(subjects)
        if missing:
            statement = partial(self._pool.fetch, sql("vault_keys"), sorted(missing))
            for row in await retried(statement):
                keys[row["subject"]] = self._keep(row["subject"], row["wrapped_key"])
        return keys

    async def have_ready(self, subjects: Iterable[str]) -> None:
        """Ask for the keys of all these at once, so that opening what is theirs need not.

        Raises: Unavailable, MasterKeyUnusable.
        """
        await self.existing(subjects)

    async def seal(self, subject: str, event_id: str, fields: Mapping[str, str]) -> bytes:
        """Encrypt personal fields under the subject's key, bound to the event's id.

        Raises: SubjectErased, Unavailable, MasterKeyUnusable.
        """
        return (await self.prepare([subject]))[subject].seal(event_id, fields)

    async def open(self, subject: str, event_id: str, sealed: bytes) -> Mapping[str, str] | None:
        """Return the personal fields, or None where the subject's key is destroyed.

        Raises: SealBroken, Unavailable, MasterKeyUnusable.
        """
        keys, missing = self._from_cache([subject])
        if missing:
            with translated():
                rows = await self._pool.fetch(sql("vault_keys"), [subject])
            if not rows:
                raise SealBroken(f"{subject} never had a key: the fields belong to another")
            keys[subject] = self._keep(subject, rows[0]["wrapped_key"])
        return keys[subject].open(event_id, sealed)

    async def digest(self, subject: str, content: bytes) -> bytes:
        """Return the HMAC-SHA-256 of canonical content under the subject's key.

        Raises: Unavailable, MasterKeyUnusable.
        """
        return (await self.prepare([subject]))[subject].digest(content)

    async def _obtain(self, subjects: set[str]) -> dict[str, SubjectKey]:
        keys: dict[str, SubjectKey] = {}
        while missing := sorted(subjects - keys.keys()):
            offered = [self._wrapped(subject) for subject in missing]
            statement = partial(self._pool.fetch, sql("vault_prepare"), missing, offered)
            for row in await retried(statement):
                keys[row["subject"]] = self._keep(row["subject"], row["wrapped_key"])
        return keys

    def _from_cache(self, subjects: Iterable[str]) -> tuple[dict[str, SubjectKey], set[str]]:
        keys: dict[str, SubjectKey] = {}
        missing: set[str] = set()
        for subject in subjects:
            key = self._cache.get(subject)
            if key is None:
                missing.add(subject)
            else:
                self._cache.move_to_end(subject)
                keys[subject] = key
        return keys, missing

    def _keep(self, subject: str, wrapped: bytes | None) -> SubjectKey:
        key = SubjectKey(subject, self._unwrapped(subject, wrapped), self._erased_mac_key)
        self._cache[subject] = key
        if len(self._cache) > self._cached_keys:
            self._cache.popitem(last=False)
        return key

    def _wrapped(self, subject: str) -> bytes:
        """Return a new random key, wrapped for its subject."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        key = secrets.token_bytes(KEY_BYTES)
        return nonce + self._wrap.encrypt(nonce, key, subject.encode())

    def _unwrapped(self, subject: str, wrapped: bytes | None) -> bytes | None:
        if wrapped is None:
            return None
        nonce, cipher = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._wrap.decrypt(nonce, cipher, subject.encode())
        except InvalidTag as error:
            raise MasterKeyUnusable(
                "the master key is not the one that this database was made with: give the "
                "right one as TOUCHSTONE_MASTER_KEY, or restore master.key in the data "
                "directory"
            ) from error
