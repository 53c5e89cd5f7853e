"""A database with 200,000 events and what is derived of them: plausible in size, not in meaning."""

from __future__ import annotations

import asyncpg

from projections import PROJECTIONS
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.rows.row_tables import RowTable, ensure_tables, tables_of

EVENTS = 200_000
CUSTOMERS = 20_000

_OF_ONE = {"items": 4}  # rows of each customer, by table; 1 where it is not named
_VALUES = {  # SQL over the number `g` of a row
    "text": "'t' || g % 12",
    "bigint": "(g % 1000)::bigint",
    "boolean": "g % 9 = 0",
    "date": "DATE '2024-01-01' + (g % 700)::int",
    "timestamptz": "TIMESTAMPTZ '2024-01-01 00:00+00' + (g % 700) * INTERVAL '1 day'",
}
_OWN_VALUES = {
    "status": "(ARRAY['open', 'settled', 'settled', 'settled', 'waiting', 'closed'])[1 + g % 6]",
    "currency": "CASE WHEN g % 50 = 0 THEN 'USD' ELSE 'CNY' END",
    "branch_id": "'B-' || g % 12",
    "department": "'d' || g % 6",
    "promises_kept": "(g % 50 / 49)::bigint",
    "promises_broken": "0",
    "promises_live": "0",
}

_LAID_IN = """
INSERT INTO events (generation, partition, n, event_id, customer_id, source, type, branch_id,
    epoch, sequence, created_at, effective_at, recorded_at, data)
SELECT 1, c % 12, row_number() OVER (PARTITION BY c % 12 ORDER BY g) - 1, md5('e' || g)::uuid,
    'C' || lpad(c::text, 6, '0'), '/branches/B-' || g % 12 || '/till',
    (ARRAY['payment.payment_received', 'payment.invoice_issued', 'order.order_placed',
           'contact.visit_made', 'customer.registered'])[1 + g % 5],
    'B-' || g % 12, 0, g, at, at, at, decode(repeat('ab', 60), 'hex')
FROM (SELECT g, 1 + (g * 7919) % {customers} AS c,
             TIMESTAMPTZ '2024-01-01 00:00+00' + g * INTERVAL '5 minutes' AS at
      FROM generate_series(1, {events}) AS g) AS made;
INSERT INTO events (generation, partition, n, event_id, source, type, branch_id, epoch, sequence,
    created_at, effective_at, recorded_at, data)
SELECT 1, 12, g - 1, md5('r' || g)::uuid, '/branches/HQ/rules', 'reference.staff_set', 'HQ', 0, g,
    now(), now(), now(), '\\x00' FROM generate_series(1, 300) AS g;
INSERT INTO admissions (event_id, source, epoch, sequence, digest)
SELECT event_id, source, epoch, sequence, '\\x00' FROM events;
UPDATE log_heads h SET recorded_at = e.at, next_n = e.n FROM (
    SELECT partition, max(recorded_at) AS at, max(n) + 1 AS n FROM events GROUP BY 1) AS e
WHERE h.partition = e.partition;
INSERT INTO mirror_heads (generation, partition, next)
SELECT generation, partition, next_n FROM log_heads;
INSERT INTO log_confirmed (event_id, generation, partition, n, recorded_at)
SELECT event_id, generation, partition, n, recorded_at FROM events WHERE n < 2000;
UPDATE log_heads SET pending = 1;
INSERT INTO use_sets SELECT g, ARRAY['reference.branch_set B-' || g, 'policy.alerts_published']
FROM generate_series(1, 100) AS g;
INSERT INTO projection_heads (projection, version, customer_id, partition, assessed_at,
    next_change_at, policy_count, uses_id, parked_reason, parked_at)
SELECT p, 1, 'C' || lpad(c::text, 6, '0'), c % 12, now(), now() + c * INTERVAL '1 hour', 300,
    1 + c % 100, CASE WHEN c % 2000 = 0 THEN 'odd' END, CASE WHEN c % 2000 = 0 THEN now() END
FROM unnest(ARRAY['receivables', 'value_tiers', 'case_board']) AS p,
     generate_series(1, {customers}) AS c;
INSERT INTO live_versions SELECT p, 1 FROM unnest(ARRAY['receivables', 'value_tiers', 'case_board'])
    AS p;
INSERT INTO checkpoints (projection, version, generation, partition, next, epoch, settled)
SELECT v.projection, 1, 1, h.partition, h.next_n, 1, 300 FROM live_versions v, log_heads h
WHERE h.partition < 12;
INSERT INTO totals SELECT 'receivables', 1, g % 12, 'open', 'CNY', 'B-' || g / 12 % 12,
    730000 + g / 144, 5, 100 FROM generate_series(0, 99999) AS g;
INSERT INTO alerts (alert_id, projection, version, customer_id, partition, kind, subject, threshold,
    branch_id, since, currency, amount_minor, raised_at)
SELECT md5('a' || g)::uuid, 'receivables', 1, 'C' || lpad((1 + g % {customers})::text, 6, '0'),
    g % 12, (ARRAY['overdue', 'dunning_due', 'due_soon'])[1 + g % 3], 'I-' || g, 30,
    'B-' || g % 12, now() - g * INTERVAL '1 minute', 'CNY', 100, now()
FROM generate_series(1, 30000) AS g;
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold, customer_id,
    branch_id, since, currency, amount_minor)
SELECT alert_id, o, CASE o WHEN 1 THEN 'raised' ELSE 'withdrawn' END, now(), kind, subject,
    threshold, customer_id, branch_id, since, currency, amount_minor
FROM alerts, generate_series(1, 2) AS o;
INSERT INTO subject_keys (subject, wrapped_key)
SELECT 'C' || lpad(c::text, 6, '0'), '\\x00' FROM generate_series(1, {customers}) AS c;
INSERT INTO quarantine (quarantine_id, received_at, last_received_at, times, branch_id, event_id,
    type, code, field, reason, remedy, sealed)
SELECT md5('q' || g)::uuid, now(), now() - g * INTERVAL '1 minute', 1, 'B-' || g % 12,
    md5('e' || g)::uuid, 't', 'c', 'f', 'r', 'm', '\\x00' FROM generate_series(1, 20000) AS g;
INSERT INTO dossier_snapshots (projection, version, customer_id, code, generation, upto,
    assessed_at, policy_count, events, content)
SELECT 'receivables', 1, 'C' || lpad(c::text, 6, '0'), 'x', 1, 10, now(), 300, 10, '\\x00'
FROM generate_series(1, {customers}) AS c;
INSERT INTO search_customers (customer_id, head, branch_id, home_named, tokens, due_at, read_at)
SELECT 'C' || lpad(c::text, 6, '0'), 'C' || lpad(c::text, 6, '0'), 'B-' || c % 12, true,
    ARRAY[c, -c / 20 - 1, 1000000 + c % 10], CASE WHEN c % 2000 = 0 THEN now() END, now()
FROM generate_series(1, {customers}) AS c;
INSERT INTO search_latest SELECT 'C' || lpad(c::text, 6, '0'), DATE '2024-01-01' + c % 700
FROM generate_series(1, {customers}) AS c;
INSERT INTO search_references (token, customer_id, ending, event_id, day)
SELECT g, 'C' || lpad((1 + g % {customers})::text, 6, '0'), g % 5000, md5('e' || g)::uuid,
    DATE '2024-01-01' + g % 700 FROM generate_series(1, {events}) AS g;
INSERT INTO staff_accounts (staff_id, made_at)
SELECT 'agent-' || g, now() FROM generate_series(1, 5) AS g;
INSERT INTO search_places SELECT 1, p, 5000 FROM generate_series(0, 11) AS p;
"""


async def lay_in(dsn: str) -> None:
    """Fill an empty database, and have the planner know what is in it."""
    async with await open_pool(dsn) as pool:
        await migrate(pool)
        async with pool.acquire() as connection:
            await ensure_tables(connection, PROJECTIONS)
            await connection.execute(_LAID_IN.format(customers=CUSTOMERS, events=EVENTS))
            for projection in PROJECTIONS:
                for table in tables_of(projection).values():
                    await connection.execute(_rows(table))
        await analyze(dsn)


def _rows(table: RowTable) -> str:
    each = _OF_ONE.get(table.table.name, 1)
    values = [
        f"'{column.name}-' || g"
        if column.name in table.key and column.sql_type == "text"
        else _OWN_VALUES.get(column.name, _VALUES[column.sql_type])
        for column in table.columns
    ]
    return (
        f"INSERT INTO {table.name} SELECT 'C' || lpad((1 + g % {CUSTOMERS})::text, 6, '0'), "
        f"g % 12, {', '.join(values)} FROM generate_series(1, {CUSTOMERS * each}) AS g"
    )


async def analyze(dsn: str) -> None:
    """Do what the server does by itself a minute later: statistics, and pages all can see."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
