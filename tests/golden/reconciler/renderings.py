"""Renders the example graphs as the golden files hold them: one file for each example, in the order of rendering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from services.reconciler.desired.rendering import render
from shared.api.platform import Etcd, IngressDefaults, Nats, PlatformContext

FOLDER = Path(__file__).resolve().parent
EXAMPLES = FOLDER.parents[2] / "examples"
NAMES = tuple(sorted(path.name for path in EXAMPLES.glob("*.yaml")))
NAMESPACE = "demo"
PLATFORM = PlatformContext(
    nats=Nats(address="nats://nats.dynamo-system:4222"),
    etcd=Etcd(address="http://etcd.dynamo-system:2379"),
    ingress=IngressDefaults(class_name="nginx", host_suffix="example.com"),
)


def rendered(name: str) -> str:
    """Return the golden text of one example."""
    manifests = [manifest for graph in _graphs(EXAMPLES / name) for manifest in render(graph, PLATFORM)]
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
