"""Personal data is readable with its subject's key, and with nothing else."""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from services.vault.master_key import MasterKeyUnusable, master_key
from services.vault.subject_key import SealBroken, SubjectErased
from services.vault.vault import PostgresVault

MASTER = bytes(range(32))
EVENT = "0190a1b2-0000-7000-8000-000000000001"
PERSON = {"name": "王小明", "phone": "+86 138 0000 0000"}


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        yield pool


async def destroy(pool: Pool, subject: str) -> None:
    await pool.execute(
        "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = $2 WHERE subject = $1",
        subject,
        datetime.now(UTC),
    )


@pytest.mark.postgres
class TestVault:
    async def test_what_is_sealed_opens_also_after_a_restart(self, pool: Pool) -> None:
        sealed = await PostgresVault(pool, MASTER).seal("C-1", EVENT, PERSON)
        assert "王小明".encode() not in sealed
        assert await PostgresVault(pool, MASTER).open("C-1", EVENT, sealed) == PERSON

    async def test_the_same_fields_are_never_sealed_alike(self, pool: Pool) -> None:
        vault = PostgresVault(pool, MASTER)
        seals = {await vault.seal("C-1", EVENT, PERSON) for _ in range(3)}
        assert len(seals) == 3

    async def test_sealed_fields_cannot_be_moved_or_altered(self, pool: Pool) -> None:
        vault = PostgresVault(pool, MASTER)
        sealed = await vault.seal("C-1", EVENT, PERSON)
        await vault.prepare(["C-2"])
        altered = [sealed[:-1] + bytes([sealed[-1] ^ 1]), b"\x02" + sealed[1:], sealed[:9], b""]
        tries = [("C-2", EVENT, sealed), ("C-1", EVENT[:-1] + "2", sealed), ("C-9", EVENT, sealed)]
        for subject, event_id, bytes_ in tries + [("C-1", EVENT, a) for a in altered]:
            with pytest.raises(SealBroken):
                await vault.open(subject, event_id, bytes_)

    async def test_a_destroyed_key_makes_nothing_readable_nor_a_second_key(
        self, pool: Pool
    ) -> None:
        sealed = await PostgresVault(pool, MASTER).seal("C-1", EVENT, PERSON)
        await destroy(pool, "C-1")
        vault = PostgresVault(pool, MASTER)
        assert await vault.open("C-1", EVENT, sealed) is None
        with pytest.raises(SubjectErased, match="C-1 was erased"):
            await vault.seal("C-1", EVENT, PERSON)
        assert (await vault.prepare(["C-1"]))["C-1"].erased
        assert await vault.open("C-1", EVENT, sealed) is None

    async def test_content_of_an_erased_subject_still_has_a_digest(self, pool: Pool) -> None:
        before = await PostgresVault(pool, MASTER).digest("C-1", b"content")
        await destroy(pool, "C-1")
        one, two = PostgresVault(pool, MASTER), PostgresVault(pool, MASTER)
        after = await one.digest("C-1", b"content")
        assert after == await two.digest("C-1", b"content") != before

    async def test_digests_differ_by_subject_and_content_and_last(self, pool: Pool) -> None:
        vault = PostgresVault(pool, MASTER)
        digest = await vault.digest("C-1", b"content")
        assert len(digest) == 32
        assert digest == await PostgresVault(pool, MASTER).digest("C-1", b"content")
        assert digest != await vault.digest("C-2", b"content")
        assert digest != await vault.digest("C-1", b"other")

    async def test_everybody_gets_the_same_key_when_many_ask_at_once(self, pool: Pool) -> None:
        vaults = [PostgresVault(pool, MASTER) for _ in range(4)]
        subjects = [f"C-{n}" for n in range(200)]
        asked = [subjects, subjects[::-1], subjects[50:], subjects[:120]]
        found = await asyncio.gather(
            *(vault.prepare(wanted) for vault, wanted in zip(vaults, asked, strict=True))
        )
        for subject in subjects:
            digests = {keys[subject].digest(b"x") for keys in found if subject in keys}
            assert len(digests) == 1

    async def test_few_cached_keys_are_enough_for_a_large_batch(self, pool: Pool) -> None:
        vault = PostgresVault(pool, MASTER, cached_keys=3)
        keys = await vault.prepare([f"C-{n}" for n in range(50)])
        assert {f"C-{n}" for n in range(50)} <= set(keys)
        sealed = keys["C-0"].seal(EVENT, PERSON)
        assert await vault.open("C-0", EVENT, sealed) == PERSON

    async def test_another_master_key_is_noticed_before_anything_is_kept(self, pool: Pool) -> None:
        await PostgresVault(pool, MASTER).prepare(["C-1"])
        stranger = PostgresVault(pool, MASTER[::-1])
        with pytest.raises(MasterKeyUnusable, match="not the one"):
            await stranger.seal("C-2", EVENT, PERSON)
        assert await pool.fetchval("SELECT count(*) FROM subject_keys WHERE subject = 'C-2'") == 0


def settings(data: Path, key: str | None = None) -> Settings:
    return Settings(data=data, master_key=key)


def test_the_first_start_makes_a_master_key_that_only_its_user_reads(tmp_path: Path) -> None:
    key = master_key(settings(tmp_path / "new"))
    file = tmp_path / "new" / "master.key"
    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert master_key(settings(tmp_path / "new")) == key
    assert [f.name for f in file.parent.iterdir()] == ["master.key"]


def test_a_master_key_given_from_outside_is_used(tmp_path: Path) -> None:
    assert master_key(settings(tmp_path, base64.b64encode(MASTER).decode())) == MASTER
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "no base64!", base64.b64encode(b"short").decode()])
def test_a_malformed_master_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(MasterKeyUnusable, match="TOUCHSTONE_MASTER_KEY"):
        master_key(settings(tmp_path, key))


def test_a_master_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    master_key(settings(tmp_path))
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(MasterKeyUnusable, match="chmod 600"):
        master_key(settings(tmp_path))
