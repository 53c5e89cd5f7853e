"""Makes the Grafana dashboard: `python -m deploy.observability.dashboard`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

DASHBOARD = Path(__file__).with_name("dashboard.json")

_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3
_SOURCE = {"type": "prometheus", "uid": "${source}"}


class Panel(NamedTuple):
    """One chart: its title, what the numbers are, and a query with the legend of each line."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]


PANELS = (
    Panel(
        "Events a second, by what became of them",
        "ops",
        (("sum by (outcome) (rate(touchstone_events_total[5m]))", "{{outcome}}"),),
    ),
    Panel(
        "Refused, by reason",
        "ops",
        (("sum by (reason) (rate(touchstone_events_refused_total[5m]))", "{{reason}}"),),
    ),
    Panel(
        "Commands, by word and outcome",
        "ops",
        (
            (
                "sum by (word, outcome) (rate(touchstone_commands_total[5m]))",
                "{{word}} {{outcome}}",
            ),
        ),
    ),
    Panel(
        "Lag in seconds",
        "s",
        (
            (
                "max by (projection) (touchstone_projection_lag_seconds)",
                "{{projection}}",
            ),
        ),
    ),
    Panel(
        "Lag in events, by partition",
        "short",
        (
            (
                "max by (projection, partition) (touchstone_projection_lag_events)",
                "{{projection}} {{partition}}",
            ),
        ),
    ),
    Panel(
        "Events in the log",
        "short",
        (("sum(max by (partition) (touchstone_log_head_events))", "events"),),
    ),
    Panel(
        "Batch seconds, half and 95 of 100",
        "s",
        (
            (
                "histogram_quantile(0.5, sum by (work, le) "
                "(rate(touchstone_batch_seconds_bucket[5m])))",
                "{{work}} p50",
            ),
            (
                "histogram_quantile(0.95, sum by (work, le) "
                "(rate(touchstone_batch_seconds_bucket[5m])))",
                "{{work}} p95",
            ),
        ),
    ),
    Panel(
        "Events taken in a second",
        "ops",
        (("sum by (instance) (rate(touchstone_projected_events_total[5m]))", "{{instance}}"),),
    ),
    Panel(
        "Alerts raised an hour",
        "short",
        (
            (
                "sum by (kind, level) (increase(touchstone_alerts_raised_total[1h]))",
                "{{kind}} {{level}}",
            ),
        ),
    ),
    Panel(
        "Requests a second, by status",
        "reqps",
        (("sum by (status) (rate(touchstone_requests_total[5m]))", "{{status}}"),),
    ),
    Panel(
        "Seconds until an answer begins, 95 of 100, by route",
        "s",
        (
            (
                "histogram_quantile(0.95, sum by (route, le) "
                "(rate(touchstone_request_seconds_bucket[5m])))",
                "{{route}}",
            ),
        ),
    ),
    Panel(
        "Connections to the database",
        "short",
        (
            ("touchstone_pool_connections", "{{instance}} {{state}}"),
            ("touchstone_pool_max_connections", "{{instance}} at most"),
        ),
    ),
    Panel("Memory", "bytes", (("process_resident_memory_bytes", "{{instance}}"),)),
    Panel(
        "Parked and in quarantine",
        "short",
        (
            ("max by (work) (touchstone_parked)", "parked: {{work}}"),
            ("max(touchstone_quarantine_events)", "refused, waiting"),
            ("max(touchstone_quarantine_turned_away_events)", "refused, not kept"),
        ),
    ),
    Panel(
        "What is well",
        "short",
        (("min by (check) (touchstone_check_ok)", "{{check}}"),),
    ),
)


def dashboard() -> str:
    """Return the dashboard as Grafana imports it."""
    document = {
        "title": "Touchstone",
        "uid": "touchstone",
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus"}],
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }
    return json.dumps(document, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, object]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "gridPos": {
            "x": number % _COLUMNS * _WIDTH,
            "y": number // _COLUMNS * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": _SOURCE, "expr": expr, "legendFormat": name}
            for n, (expr, name) in enumerate(panel.queries)
        ],
    }


if __name__ == "__main__":
    DASHBOARD.write_text(dashboard(), "utf-8")
