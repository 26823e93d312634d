"""Where the time of one edit goes, from times that exist already: nothing is added to the services to learn it.

One edit is followed by ids: the answer to the patch gives uid and generation, which are the correlation id of all that
follows. The change event with that version says when it was observed (`ce-time`) and stored (the message's time); the
reconciler's log line of each pass gives its end and duration; the observer's watch says when the Deployment came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from shared.contracts.envelope import correlation_id
from tests.bench.events import Timing, change_timings
from tests.bench.graphs import EDITED
from tests.bench.stages import Edit, Stage

GRAPH_KIND, COMPONENT_KIND = "DynamoGraphDeployment", "DynamoComponentDeployment"
PARTS = ("watch", "publish", "deliver", "pass", "write")


@dataclass(frozen=True, slots=True)
class Carried:
    """An edit that was carried out; times are seconds of the wall clock."""

    edit: Edit
    sent: float
    carried: float

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.carried - self.sent


@dataclass(frozen=True, slots=True)
class Pass:
    """One finished pass of a log."""

    kind: str
    name: str
    correlation: str
    began: float


async def breakdown(stage: Stage, carried: Sequence[Carried], *, after: int) -> dict[str, float]:
    """Return the mean milliseconds of each part of the edits that left a trace, and how many did."""
    timings = await change_timings(stage.target, after=after)
    found = list(parts(carried, timings, list(_passes(stage))))
    if not found:
        return {}
    means = (fmean(each[number] for each in found) * 1000 for number in range(len(PARTS)))
    return {f"part_{part}_ms": mean for part, mean in zip(PARTS, means, strict=True)} | {
        "parts_of": float(len(found)),
    }


def parts(carried: Iterable[Carried], timings: Iterable[Timing], passes: Iterable[Pass]) -> Iterator[tuple[float, ...]]:
    """Yield the seconds of the five parts of each edit; an edit without a full trace is left out.

    watch: from sending the patch until the watcher has the change; publish: until the log has it; deliver: until the
    graph's pass begins; pass: until the component's pass begins; write: until the Deployment is seen to carry it.
    """
    stored = {(each.name, each.version): each for each in timings if each.plural == "dynamographdeployments"}
    began: dict[tuple[str, str, str], float] = {}
    for one in passes:
        key = (one.kind, one.name, one.correlation)
        began[key] = min(one.began, began.get(key, one.began))
    for each in carried:
        edit = each.edit
        correlation = correlation_id(edit.uid, edit.generation)
        event = stored.get((edit.graph, edit.version))
        graph = began.get((GRAPH_KIND, edit.graph, correlation))
        component = began.get((COMPONENT_KIND, f"{edit.graph}-{EDITED}", correlation))
        if event is not None and graph is not None and component is not None:
            times = (each.sent, event.observed, event.stored, graph, component, each.carried)
            yield tuple(later - earlier for earlier, later in pairwise(times))


def _passes(stage: Stage) -> Iterator[Pass]:
    for process in stage.stack.processes:
        if process.name.startswith("reconciler"):
            for line in Path(process.log).read_text().splitlines():
                if '"pass finished"' in line:
                    yield _pass(json.loads(line))


def _pass(line: dict[str, str | float]) -> Pass:
    ended = datetime.fromisoformat(str(line["timestamp"])).timestamp()
    return Pass(
        kind=str(line["kind"]),
        name=str(line["name"]),
        correlation=str(line["correlation"]),
        began=ended - float(line["duration_ms"]) / 1000,
    )
