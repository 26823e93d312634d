"""The page about conditions and their reasons, for whoever reads a status or waits for one in a script.

Its source is the list of reasons beside the code that gives them; a test keeps that list and the code the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.reconciler.status.reasons import REASONS, Group


def conditions() -> Iterator[str]:
    """Yield the page."""
    yield from ("# Conditions and reasons", "", *_INTRODUCTION, "")
    yield from ("| condition | on | says |", "| --- | --- | --- |")
    yield from (f"| `{kind}` | {where} | {meaning} |" for kind, where, meaning in _TYPES)
    yield ""
    for group in Group:
        yield from (f"## {group}", "", "| reason | means | what to do |", "| --- | --- | --- |")
        yield from (f"| `{each.code}` | {each.meaning} | {each.remedy} |" for each in REASONS if each.group is group)
        yield ""


_INTRODUCTION = (
    "Every status carries `observedGeneration`: it speaks of the spec of that generation and of no other, so a script",
    "waits for both, as `kubectl wait --for=condition=Ready dgd/NAME` and tools that know kstatus do. The `state` of a",
    "graph is its `Ready` in one word: `successful`, `pending` or `failed`.",
    "",
    "Messages name the object that is in the way and what would help; `dynamoctl explain NAME` tells the same with its",
    "evidence. Of what passes by itself a status tells the first thing only, of what somebody has to change all of it.",
    "Reasons are stable; texts of messages are for people. `<Kind>` stands for a kind, such as `Deployment`.",
)
_TYPES = (
    ("Ready", "graphs, components", "It runs as its newest spec asks."),
    ("Reconciling", "graphs, components", "It is on its way there; the reason is what it waits for."),
    ("Stalled", "graphs, components", "Nothing will happen before somebody changes what the message names."),
    ("Available", "components", "The reference's own: its workload is ready."),
    ("DynamoComponentReady", "components", "The same as `Available`, under the reference's second name."),
    ("Valid", "components", "The spec follows all rules."),
)
