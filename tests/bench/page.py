"""The figures as a page for people: against the bars first, then what each case cost and where an edit's time goes.

Pure: from a record to Markdown. Invariant: every number on the page stands in the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.bench.bars import BARS, Bar
from tests.bench.breakdowns import PARTS
from tests.bench.figures import Figures, Record

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"
QUIET_SHARE = 0.1
WHAT = {  # the values that are printed for each case, in this order
    "children_s": "all children, s",
    "successful_s": "all `successful`, s",
    "requests_per_graph": "requests per graph (ours)",
    "cpu_ms_per_graph": "CPU per graph (all processes), ms",
    "busy_share": "share of all cores that this stack had",
    "others_share": "share of all cores that programs beside the benchmark took",
    "pass_graph_mean_ms": "pass of a graph in the reconciler, mean, ms",
    "pass_graph_p99_bucket_ms": "the same, p99 is at most, ms",
    "pass_component_mean_ms": "pass of a component, mean, ms",
    "pass_component_p99_bucket_ms": "the same, p99 is at most, ms",
    "edit_p50_ms": "one edit, p50, ms",
    "edit_p99_ms": "one edit, p99, ms",
    "edit_at_10_p50_ms": "one edit while 10 others change per second, p50, ms",
    "edit_at_10_p99_ms": "the same, p99, ms",
    "edit_at_100_p50_ms": "one edit while 100 others change per second, p50, ms",
    "edit_at_100_p99_ms": "the same, p99, ms",
    "load_100_per_s": "changes per second that were reached, of 100",
    "stored_at_10_p50_ms": "observed to stored at 10 changes/s, p50, ms",
    "stored_at_10_p99_ms": "the same, p99, ms",
    "stored_at_100_p50_ms": "observed to stored at 100 changes/s, p50, ms",
    "stored_at_100_p99_ms": "the same, p99, ms",
    "rest_requests": "at rest, 20 s: requests",
    "rest_events": "at rest: change events",
    "rest_revisions": "at rest: etcd revisions",
    "rest_cpu_percent": "at rest: CPU of all processes, % of a core",
    "restart_visible_s": "kill -9 and start of the reconciler: edit visible, s",
    "restart_requests": "the same: requests of the reconciler",
    "take_over_s": "owner killed, others alive: edit visible, s",
}
PART_TEXTS = {
    "watch": "patch sent -> the watcher has the change",
    "publish": "-> the event log has it",
    "deliver": "-> the graph's pass begins",
    "pass": "-> the component is applied and its pass begins",
    "write": "-> the Deployment is seen to carry the edit",
}


def report(record: Record) -> str:
    """Return the whole report."""
    stacks = [each for each in record.cases if each.values.get("graphs")]
    lines = [f"Machine: {record.machine}.{_disturbance(stacks)}", "", *_against_bars(record)]
    if stacks:
        lines += ["", "### Each case", "", *_table("measure", stacks, WHAT, lambda each: each.values)]
        lines += ["", "### CPU milliseconds per graph", "", *_costs(stacks)]
        lines += [
            "",
            "### Memory after the roll-out, MiB",
            "",
            *_plain("process", stacks, lambda each: each.memory_mib),
        ]
        lines += ["", "### Requests per graph", "", *_plain("client, verb, resource", stacks, lambda each: each.calls)]
    lines += _breakdown(stacks) + _shares(stacks) + _others(record)
    return "\n".join(lines)


def _disturbance(stacks: Sequence[Figures]) -> str:
    """Return a warning when others used the machine meanwhile, or nobody looked."""
    rolled_out = [each for each in stacks if "successful_s" in each.values]
    shares = [each.values.get("others_share") for each in rolled_out]
    largest = max((share for share in shares if share is not None), default=0.0)
    if largest > QUIET_SHARE:
        return f" **Other programs took up to {largest:.0%} of all cores meanwhile: the times are too long.**"
    if None in shares:
        return " **What other programs took meanwhile was not looked at: the times may be too long.**"
    return ""


def with_figures(page: str, text: str) -> str:
    """Return the page with the report between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _against_bars(record: Record) -> list[str]:
    lines = ["| measure | reference | bar | moonshot | ours | verdict |", "| --- | --- | --- | --- | --- | --- |"]
    for bar in BARS:
        found = bar.value(record)
        ours, verdict = ("-", "not measured") if found is None else (_with_unit(found, bar), bar.verdict(found))
        wanted = [_with_unit(each, bar) if each is not None else "-" for each in (bar.reference, bar.bar, bar.moonshot)]
        lines.append(_row([bar.measure, *wanted, ours, verdict]))
    return lines


def _costs(stacks: Sequence[Figures]) -> list[str]:
    return _plain("process", stacks, lambda each: {name: cost * 1000 for name, cost in each.cpu_seconds.items()})


def _plain(head: str, stacks: Sequence[Figures], member: Callable[[Figures], Mapping[str, float]]) -> list[str]:
    """Return a table of everything that a member of the cases holds."""
    names = dict.fromkeys(name for each in stacks for name in member(each))
    return _table(head, stacks, {name: name for name in names}, member)


def _table(
    head: str,
    stacks: Sequence[Figures],
    names: Mapping[str, str],
    member: Callable[[Figures], Mapping[str, float]],
) -> list[str]:
    lines = [_row([head, *(each.case for each in stacks)]), _row(["---"] * (len(stacks) + 1))]
    for name, text in names.items():
        found = [member(each).get(name) for each in stacks]
        if any(value is not None for value in found):
            lines.append(_row([text, *("" if value is None else _number(value) for value in found)]))
    return lines


def _breakdown(stacks: Sequence[Figures]) -> list[str]:
    with_parts = [each for each in stacks if "parts_of" in each.values]
    if not with_parts:
        return []
    names = {f"part_{part}_ms": f"{part}: {PART_TEXTS[part]}" for part in PARTS} | {
        "parts_of": "edits with a full trace"
    }
    head = ["", "### Where the time of one edit goes, mean milliseconds", ""]
    return [*head, *_table("part", with_parts, names, lambda each: each.values)]


def _shares(stacks: Sequence[Figures]) -> list[str]:
    found = [each for each in stacks if any(name.startswith("passes_") for name in each.values)]
    names = dict.fromkeys(name for each in found for name in each.values if name.startswith("passes_"))
    if not found:
        return []
    texts = {name: f"{name.removeprefix('passes_')}: share of the passes" for name in names}
    head = ["", "### How the reconcilers shared the work", ""]
    return [*head, *_table("replica", found, texts, lambda each: each.values)]


def _others(record: Record) -> list[str]:
    lines = []
    for each in record.cases:
        shown = {name: value for name, value in each.values.items() if _is_other(each, name)}
        if shown:
            lines += ["", f"### {each.case}", "", "| value | |", "| --- | --- |"]
            lines += [_row([f"`{name}`", _number(value)]) for name, value in shown.items()]
    return lines


def _is_other(figures: Figures, name: str) -> bool:
    return not figures.values.get("graphs") and name != "graphs"


def _with_unit(value: float, bar: Bar) -> str:
    return f"{_number(value)} {bar.unit}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
