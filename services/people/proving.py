"""How members of staff prove who they are by an account: passwords and second factors.

A try to log in is counted before it is judged, so that tries sent together are counted each.
Whoever fails hears the same words after the same work, whatever was wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from events.texts import worded
from services.people.accounts import change
from services.people.journal import Journal
from services.people.lockout import TRIES, locked_until
from services.people.passwords import Passwords, check_new
from services.people.refusals import AccountRefusal, LogInRefused
from services.people.second_factor import new_recovery_codes, new_secret, recovery_hash, step_of
from services.people.tokens import hashed
from services.ports import Clock, Vault
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

FAILED = worded("the number, the password or the code of the second factor is wrong")
FAILED_REMEDY = worded(
    "try again; after %(tries)s wrong tries in a row an account rests, a minute at first and up to "
    "an hour. Who has forgotten the password, or whose account is locked, asks an administrator "
    "for a link",
    tries=TRIES,
)


class Proving:
    """Checks and changes what an account's owner knows and holds."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        clock: Clock,
        journal: Journal,
        passwords: Passwords | None = None,
    ) -> None:
        """Judge by the tables of accounts; secrets lie under keys of the vault."""
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._journal = journal
        self._passwords = passwords or Passwords()

    async def log_in(self, staff_id: str, password: str, code: str) -> None:
        """Let the owner of an account pass. Raises: LogInRefused, Unavailable."""
        row = await self._count_try(staff_id)
        kept = None if row is None else row["password_hash"]
        right = await self._passwords.is_right(kept, password)
        if row is None or not right or not await self._passed(row, password, code):
            if row is not None:
                await self._journal.tell_alone(staff_id, "log_in_failed", staff_id)
            raise LogInRefused(FAILED, FAILED_REMEDY)

    async def owner_of_link(self, token: str) -> str | None:
        """Return whose password a link sets, None where it is good no more. Raises: Unavailable."""
        with translated():
            owner: str | None = await self._pool.fetchval(
                sql("link_find"), hashed(token), self._clock.now()
            )
        return owner

    async def set_password(self, token: str, password: str) -> str:
        """Set a password by a link, which is used up; sessions end. Return whose it is.

        Raises: AccountRefusal, Unavailable.
        """
        owner = await self.owner_of_link(token)
        if owner is None:
            raise spent_link()
        check_new(password, owner)
        kept = await self._passwords.hash(password)
        now = self._clock.now()
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(sql("link_use"), hashed(token), now) is None:
                    raise spent_link()
                await change(connection, "account_set_password", owner, kept, now)
                await connection.execute(sql("session_end_all"), owner, None)
                await self._journal.tell(connection, owner, "password_set", owner)
        return owner

    async def change_password(
        self, staff_id: str, old: str, new: str, going_on: str | None
    ) -> None:
        """Change a password for whoever knows it; all sessions but one end.

        Raises: AccountRefusal, Unavailable.
        """
        await self._know(staff_id, old)
        check_new(new, staff_id)
        kept = await self._passwords.hash(new)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                now = self._clock.now()
                await change(connection, "account_set_password", staff_id, kept, now)
                await connection.execute(sql("session_end_all"), staff_id, going_on)
                await self._journal.tell(connection, staff_id, "password_changed", staff_id)

    async def set_up_second_factor(self, staff_id: str) -> str:
        """Return the secret of a second factor that is being set up.

        Raises: AccountRefusal, Unavailable.
        """
        secret = new_secret()
        sealed = await self._vault.seal(_subject(staff_id), "totp", {"secret": secret})
        with translated():
            set_up = await self._pool.fetchval(sql("account_set_up_totp"), staff_id, sealed)
        if set_up is None:
            raise AccountRefusal(
                worded("there is no account without a second factor"),
                worded("remove the second factor first, or have it removed"),
            )
        return secret

    async def secret_being_set_up(self, staff_id: str) -> str | None:
        """Return the secret that waits for its first code, if one does. Raises: Unavailable."""
        with translated():
            row = await self._pool.fetchrow(sql("account_find"), staff_id)
        if row is None or row["totp_since"] is not None:
            return None
        return await self._secret(row)

    async def confirm_second_factor(self, staff_id: str, code: str) -> Sequence[str]:
        """Ask for the second factor from now on; return the recovery codes, told this once.

        Raises: AccountRefusal, Unavailable.
        """
        with translated():
            row = await self._pool.fetchrow(sql("account_find"), staff_id)
        secret = None if row is None or row["totp_since"] is not None else await self._secret(row)
        now = self._clock.now()
        step = None if secret is None else step_of(secret, code, now, None)
        if row is None or step is None:
            raise AccountRefusal(
                worded("this is not the code of the moment"),
                worded(
                    "enter the six digits that the app shows now; set the phone's clock to the "
                    "network's time if it differs"
                ),
            )
        codes = new_recovery_codes()
        kept = [recovery_hash(one) for one in codes]
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                arguments = (now, step, kept, row["totp_sealed"])
                await change(connection, "account_confirm_totp", staff_id, *arguments)
                await self._journal.tell(connection, staff_id, "second_factor_set", staff_id)
        return codes

    async def remove_second_factor(self, staff_id: str, password: str) -> None:
        """Ask for no second factor any more, for whoever knows the password.

        Raises: AccountRefusal, Unavailable.
        """
        await self._know(staff_id, password)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await change(connection, "account_forget_totp", staff_id)
                await self._journal.tell(connection, staff_id, "second_factor_removed", staff_id)

    async def _count_try(self, staff_id: str) -> asyncpg.Record | None:
        """Count a try as if it had failed; return what it is judged by, None: it cannot pass."""
        now = self._clock.now()
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(sql("account_try"), staff_id)
                if row is None or row["locked_at"] is not None:
                    return None
                if row["locked_until"] is not None and row["locked_until"] > now:
                    return None
                failures = row["failures"] + 1
                counted = (failures, locked_until(failures, now))
                return await connection.fetchrow(sql("account_count_try"), staff_id, *counted)

    async def _passed(self, row: asyncpg.Record, password: str, code: str) -> bool:
        """Tell whether the second factor is right too; if so the tries are forgotten."""
        step = recovery = None
        if row["totp_since"] is not None:
            secret = await self._secret(row)
            assert secret is not None
            step = step_of(secret, code, self._clock.now(), row["totp_step"])
            recovery = None if step is not None else recovery_hash(code)
            if step is None and recovery not in row["recovery_hashes"]:
                return False
        kept = row["password_hash"]
        outdated = self._passwords.is_outdated(kept)
        again = await self._passwords.hash(password) if outdated else None
        staff_id = row["staff_id"]
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                arguments = (staff_id, step, recovery, again, kept)
                passed = await connection.fetchval(sql("account_passed"), *arguments)
                if passed is not None and recovery is not None:
                    await self._journal.tell(connection, staff_id, "recovery_code_used", staff_id)
        return passed is not None

    async def _know(self, staff_id: str, password: str) -> None:
        """Let pass whoever knows an account's password. Raises: AccountRefusal, Unavailable."""
        row = await self._count_try(staff_id)
        kept = None if row is None else row["password_hash"]
        if not await self._passwords.is_right(kept, password):
            raise LogInRefused(worded("the password is wrong"), FAILED_REMEDY)
        with translated():
            await self._pool.fetchval(sql("account_passed"), staff_id, None, None, None, kept)

    async def _secret(self, row: asyncpg.Record) -> str | None:
        """Return the secret of an account's second factor. Raises: Unavailable."""
        if row["totp_sealed"] is None:
            return None
        opened = await self._vault.open(_subject(row["staff_id"]), "totp", row["totp_sealed"])
        assert opened is not None
        return opened["secret"]


def _subject(staff_id: str) -> str:
    """Return the subject under whose key an account's secret lies; no customer may be called so."""
    return f"console:staff:{staff_id}"


def spent_link() -> AccountRefusal:
    """Return that a link is good no more."""
    return AccountRefusal(
        worded("this link is good no more: it was used, replaced, or is older than three days"),
        worded("ask an administrator for another"),
    )
