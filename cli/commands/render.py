"""`dynamoctl render`: the objects that the reconciler would apply for a graph, without any server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
import yaml

from cli.failures import CommandError, Exit
from cli.files import documents
from cli.printing import Form, FormOption, print_data
from services.reconciler.desired.rendering import Rendering, component_rendering, rendering
from shared.api.platform import Capability, PlatformContext
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, mapping, text
from shared.core.objects import name_of
from shared.core.resources import COMPONENTS, GRAPHS

HELP = """Print the objects that the reconciler would make for the graphs and components of a file.

Which ones these are depends on the cluster: with --capability grove a graph is a PodCliqueSet, with --capability lws
its services over several nodes are LeaderWorkerSets, and without either every service is a Deployment.

Example: dynamoctl render -f examples/multinode/vllm.yaml --capability lws --set platform.ingress.className=nginx
"""

RENDERED: Mapping[str, Callable[[Manifest, PlatformContext], Rendering]] = {
    GRAPHS.kind: rendering,
    COMPONENTS.kind: component_rendering,
}
OFFERED = (
    "What the cluster offers: grove (PodCliqueSets), kai (queues of its scheduler, beside grove), lws "
    "(LeaderWorkerSets with Volcano), istio (VirtualServices); may be repeated."
)


def render(
    file: Annotated[Path, typer.Option("-f", "--file", help="File with graphs or components.")],
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Namespace of those that name none.")] = "default",
    capability: Annotated[list[Capability] | None, typer.Option("--capability", help=OFFERED)] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting as platform.PATH=VALUE; may be repeated.")
    ] = None,
    output: FormOption = Form.YAML,
) -> int:
    """Render to standard output; problems and warnings to standard error."""
    context = PlatformContext().with_settings(dict(_assignment(each) for each in setting or []))
    context = context.with_capabilities(capability or context.capabilities)
    found = [document for document in documents(file) if document.get("kind") in RENDERED]
    if not found:
        raise CommandError(f"{file} holds no {' or '.join(RENDERED)}", Exit.NOTHING_FOUND)
    failed = False
    rendered: list[Manifest] = []
    for document in found:
        made = RENDERED[document["kind"]](_in_namespace(document, namespace), context)
        rendered += made.manifests
        for problem in made.problems:
            failed = True
            print(f"{name_of(document)}: {problem.subject}: {problem.text}; {problem.remedy}", file=sys.stderr)
        for warning in made.warnings:
            print(f"{name_of(document)}: warning: {warning}", file=sys.stderr)
    if output is Form.YAML:
        print(yaml.safe_dump_all(rendered, sort_keys=True), end="")
    else:
        print_data(rendered, Form.JSON)
    return Exit.FAILED if failed else Exit.DONE


def _in_namespace(document: Manifest, namespace: str) -> Manifest:
    """Return a document with a namespace, its own if it has one."""
    if not name_of(document):
        raise InvalidObjectError("metadata.name: an object must have a name")
    metadata = mapping(document, "metadata")
    return {**document, "metadata": {**metadata, "namespace": text(metadata, "namespace") or namespace}}


def _assignment(given: str) -> tuple[str, str]:
    path, equals, value = given.partition("=")
    if not equals or not path.startswith("platform."):
        raise CommandError(f"--set {given}: write it as platform.PATH=VALUE", Exit.USAGE)
    return path.removeprefix("platform."), value
