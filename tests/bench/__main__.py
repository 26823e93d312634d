"""Measure all cases and print them; with `--record` also write the table into docs/performance.md.

`python -m tests.bench [--record] [GRAPHS:LATENCY_MS ...]`
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.cases import Case, Figures, run_case
from tests.bench.machine import description

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"
DEFAULT = (Case(30, 0), Case(30, 5))


def main(arguments: list[str]) -> int:
    """Run the cases that are named, or the default ones."""
    named = [each for each in arguments if not each.startswith("--")]
    cases = [_case(each) for each in named] or list(DEFAULT)
    found = []
    for case in cases:
        print(f"measuring {case.graphs} graphs at {case.latency_ms} ms ...", file=sys.stderr, flush=True)
        found.append(run_case(case))
    report = "\n".join([f"Machine: {description()}.", "", *_table(found)])
    print(report)
    if "--record" in arguments:
        _record(report)
    return 0


def _case(text: str) -> Case:
    graphs, _, latency = text.partition(":")
    return Case(int(graphs), int(latency or 0))


def _table(found: list[Figures]) -> list[str]:
    heads = [f"{each.case.graphs} graphs, {each.case.latency_ms} ms" for each in found]
    rows = [
        ("all children", [f"{each.children:.2f} s" for each in found]),
        ("all `successful`", [f"{each.successful:.2f} s" for each in found]),
        ("requests per graph (ours)", [f"{each.requests_per_graph:.1f}" for each in found]),
        (
            "one edit until the Deployment carries it, p50 / p99",
            [f"{each.edit(0.5) * 1000:.1f} / {each.edit(0.99) * 1000:.1f} ms" for each in found],
        ),
        ("change observed to event stored, p50 / p99 at most", [_stored_text(each.stored) for each in found]),
        ("requests at rest, in 20 s (ours)", [str(each.rest_requests) for each in found]),
    ]
    for process in found[0].costs:
        cost = [each.costs[process] for each in found if process in each.costs]
        rows.append((f"{process}: memory, CPU", [f"{c.memory_mib:.0f} MiB, {c.cpu_seconds:.1f} s" for c in cost]))
    lines = ["| measure | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    lines += [f"| {name} | " + " | ".join(values) + " |" for name, values in rows]
    lines += [
        "",
        "Requests per graph by verb and resource:",
        "",
        "| service | verb | resource | " + " | ".join(heads) + " |",
    ]
    lines.append("| --- | --- | --- |" + " --- |" * len(heads))
    for call in sorted({call for each in found for call in each.requests}):
        counts = [f"{each.requests[call] / each.case.graphs:.2f}" for each in found]
        lines.append("| " + " | ".join([*call, *counts]) + " |")
    return lines


def _stored_text(histogram: dict[str, float]) -> str:
    return f"{_bound(histogram, 0.5)} / {_bound(histogram, 0.99)}"


def _bound(histogram: dict[str, float], share: float) -> str:
    """Return the bucket that a share of all observations lies in."""
    total = histogram.get("+Inf", 0.0)
    for bound, count in histogram.items():
        if total and count >= share * total:
            return f"{float(bound) * 1000:g} ms" if bound != "+Inf" else "more than 30 s"
    return "none"


def _record(report: str) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
