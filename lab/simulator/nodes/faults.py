"""Decides which scripted fault, if any, strikes a pod or a node.

Pure. A fault comes from an annotation of the object (a workload's template hands it to its pods) or from the rules of a
control file; the annotation wins. Invariant: taking a fault away heals what it struck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Final

from lab.simulator.client.resources import Document
from lab.simulator.objects import annotations_of, labels_of

ANNOTATION: Final = "simulator.lab/fault"
SCHEMA_VERSION: Final = 1


class Fault(Enum):
    """What can be made to go wrong."""

    IMAGE_PULL = "image-pull"
    CRASH_LOOP = "crash-loop"
    OUT_OF_MEMORY = "oom"
    NEVER_READY = "never-ready"
    LOST = "lost"  # of a node


class FaultError(ValueError):
    """A control file that cannot be read; the message names the entry."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the control file: which objects, and what happens to them."""

    fault: Fault
    kind: str = "Pod"
    namespace: str = "*"
    name: str = "*"
    labels: Mapping[str, str] = field(default_factory=dict)

    def strikes(self, document: Document) -> bool:
        """Say whether this rule is about `document`."""
        metadata = document["metadata"]
        return (
            fnmatchcase(metadata.get("namespace", ""), self.namespace)
            and fnmatchcase(metadata["name"], self.name)
            and self.labels.items() <= labels_of(document).items()
        )


def fault_of(document: Document, kind: str, rules: Sequence[Rule]) -> Fault | None:
    """Return the fault that strikes `document`; an annotation with an unknown word is no fault."""
    named = annotations_of(document).get(ANNOTATION)
    if named is not None:
        return next((fault for fault in Fault if fault.value == named), None)
    return next((rule.fault for rule in rules if rule.kind == kind and rule.strikes(document)), None)


def read_rules(document: Any) -> tuple[Rule, ...]:
    """Return the rules of a parsed control file: `schemaVersion: 1` and a list `faults`."""
    if document is None:
        return ()
    if not isinstance(document, dict) or document.get("schemaVersion") != SCHEMA_VERSION:
        raise FaultError(f"the control file must begin with schemaVersion: {SCHEMA_VERSION}")
    return tuple(_rule(number, entry) for number, entry in enumerate(document.get("faults") or ()))


def _rule(number: int, entry: Any) -> Rule:
    known = {"fault", "kind", "namespace", "name", "labels"}
    if not isinstance(entry, dict) or not entry.keys() <= known:
        raise FaultError(f"faults[{number}] must be a map with the keys {', '.join(sorted(known))}")
    try:
        fault = Fault(entry.get("fault"))
    except ValueError as error:
        words = ", ".join(fault.value for fault in Fault)
        raise FaultError(f"faults[{number}].fault must be one of {words}") from error
    return Rule(fault=fault, **{key: value for key, value in entry.items() if key != "fault"})
