"""Renders the example graphs as the golden files hold them: in the order of rendering, one file for each example.

Examples that span nodes have one for each orchestrator, named behind a dash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from services.reconciler.desired.rendering import render
from shared.api.platform import Capability, Etcd, IngressDefaults, Nats, PlatformContext

FOLDER = Path(__file__).resolve().parent
EXAMPLES = FOLDER.parents[2] / "examples"
NAMESPACE = "demo"
ORCHESTRATORS = (Capability.LWS, Capability.GROVE)
PLATFORM = PlatformContext(
    nats=Nats(address="nats://nats.dynamo-system:4222"),
    etcd=Etcd(address="http://etcd.dynamo-system:2379"),
    ingress=IngressDefaults(class_name="nginx", host_suffix="example.com"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One example in one cluster."""

    example: Path
    capability: Capability | None = None

    @property
    def platform(self) -> PlatformContext:
        """Return what rendering depends on."""
        return PLATFORM.with_capabilities([self.capability] if self.capability else [])


def _cases() -> Iterator[tuple[str, Case]]:
    for path in sorted(EXAMPLES.glob("*.yaml")):
        yield path.name, Case(path)
    for path in sorted((EXAMPLES / "multinode").glob("*.yaml")):
        for capability in ORCHESTRATORS:
            yield f"multinode-{path.stem}-{capability}.yaml", Case(path, capability)


CASES: Mapping[str, Case] = dict(_cases())
NAMES = tuple(CASES)


def rendered(name: str) -> str:
    """Return the golden text of one example."""
    case = CASES[name]
    manifests = [manifest for graph in _graphs(case.example) for manifest in render(graph, case.platform)]
    return yaml.dump_all(manifests, Dumper=_Plain, sort_keys=True, width=120)


def recorded(name: str) -> str:
    """Return the golden text as it was reviewed last."""
    return (FOLDER / name).read_text()


def _graphs(path: Path) -> Iterator[dict[str, Any]]:
    for document in yaml.safe_load_all(path.read_text()):
        if document and document["kind"] == "DynamoGraphDeployment":
            yield {**document, "metadata": {**document["metadata"], "namespace": NAMESPACE}}


class _Plain(yaml.SafeDumper):
    """Writes shared parts out in full: anchors would hide what an object holds."""

    def ignore_aliases(self, data: object) -> bool:
        """Return true: no value becomes an alias."""
        return True
