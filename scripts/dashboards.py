"""Write the Grafana dashboard of the control plane, or check that the file is what would be written.

python -m scripts.dashboards [--check]

Grafana's JSON is mostly positions and defaults; here stands only what a panel shows. A dashboard takes its data source
from a variable, so that it can be imported anywhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.panels import ROWS, Panel, Row

FILE = Path(__file__).resolve().parent.parent / "charts/platform/files/dashboards/control-plane.json"
TITLE = "Dynamo control plane"
COLUMNS, HEIGHT = 24, 8  # of Grafana's grid; the height of one panel in it
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(rows: Sequence[Row] = ROWS) -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "title": TITLE,
        "uid": "dynamo-control-plane",
        "tags": ["dynamo"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": list(_placed(rows)),
    }


def _variables() -> list[dict[str, Any]]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "service",
            "label": "Service",
            "type": "query",
            "datasource": _SOURCE,
            "query": "label_values(dynamo_operator_readiness_status, platform_service)",
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield rows and panels with ids and places: four panels beside each other."""
    number, top, width = 0, 0, COLUMNS // 4
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
            "panels": [],
        }
        top += 1
        for place, panel in enumerate(row.panels):
            number += 1
            across, down = place % 4, place // 4
            position = {"x": across * width, "y": top + down * HEIGHT, "w": width, "h": HEIGHT}
            yield _panel(panel, number) | {"gridPos": position}
        top += HEIGHT * (1 + (len(row.panels) - 1) // 4)


def _panel(panel: Panel, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
            }
            for place, query in enumerate(panel.queries)
        ],
    }


def text() -> str:
    """Return the file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m scripts.dashboards [--check]", file=sys.stderr)
        return 2
    if arguments:
        is_stale = not FILE.is_file() or FILE.read_text(encoding="utf-8") != text()
        if is_stale:
            print(f"{FILE} is not what scripts/dashboards.py describes: run `make docs`", file=sys.stderr)
        return int(is_stale)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
