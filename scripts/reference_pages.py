"""Write the reference pages of docs/ from the code, or check that they are what would be written.

python -m scripts.reference_pages [--check]

Settings, metrics and commands describe themselves; a page that repeated them by hand would be wrong after a week.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer.main
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from cli.app import application
from scripts.condition_page import conditions
from scripts.difference_page import differences
from scripts.monitoring_pages import monitoring, troubleshooting
from shared.api.platform import PlatformContext
from shared.runtime.settings import ServiceSettings, default_text, names_of
from shared.runtime.settings_sources import SERVICES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs"
NOTE = "<!-- Generated from the code by `make docs`. Edit the code, not this file. -->\n"
WIDTH = 100  # columns of the help texts
SHARED_METRICS = ("shared.runtime.metrics", "shared.runtime.partitions.metrics")
SUFFIXES = {"counter": "_total"}


def generate() -> dict[str, str]:
    """Return the text of each page by its file name."""
    pages = {
        "configuration.md": configuration(),
        "metrics.md": metrics(),
        "cli.md": commands(),
        "conditions.md": conditions(),
        "differences.md": differences(),
        "monitoring.md": monitoring(),
        "troubleshooting.md": troubleshooting(),
    }
    return {name: NOTE + "\n".join(lines).rstrip() + "\n" for name, lines in pages.items()}


def configuration() -> Iterator[str]:
    """Yield the page about settings."""
    yield from _section("# Configuration", _CONFIGURATION)
    yield from _section("## What every service can be told", "Variables without a service's name in them.")
    yield from _settings_table(ServiceSettings, "", ServiceSettings.model_fields)
    for service in SERVICES:
        model = _settings_model(service)
        own = [name for name in model.model_fields if name not in ServiceSettings.model_fields]
        yield from _section(f"## {service}", f"`python -m services.{service} --help` prints the same.")
        yield from _settings_table(model, service, own)
    yield from _section("## platform", _PLATFORM)
    rows = ([f"`platform.{path}`", _default(field), field.description or ""] for path, field in _paths(PlatformContext))
    yield from _table(["setting", "default", "meaning"], rows)


def metrics() -> Iterator[str]:
    """Yield the page about metrics."""
    yield from _section("# Metrics", _METRICS)
    yield from _section("## All services", "The runtime counts these; label `platform_service` says for whom.")
    yield from _metrics_table(SHARED_METRICS)
    for service in SERVICES:
        yield from _section(f"## {service}", "")
        yield from _metrics_table([f"services.{service}.metrics"])


def commands() -> Iterator[str]:
    """Yield the page about `dynamoctl`."""
    yield from _section("# dynamoctl", _COMMANDS)
    group: Any = typer.main.get_command(application())
    for path, command in _commands((), group):
        title = " ".join(("dynamoctl", *path))
        yield from _section(f"{'#' * (2 if len(path) < 2 else 3)} {title}" if path else "## All commands", "")
        yield from ("```text", _help(command, title), "```", "")


def _settings_model(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    models = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ServiceSettings) and value is not ServiceSettings
    ]
    return models[0]


def _settings_table(model: type[ServiceSettings], service: str, fields: Iterable[str]) -> Iterator[str]:
    names = names_of(model, service or "watcher")
    rows = [
        [
            f"`{names.option(name)}`",
            f"`{names.variable(name)}`",
            _type_text(model.model_fields[name].annotation),
            "see [platform](#platform)" if _is_model(model.model_fields[name]) else _code(default_text(model, name)),
            model.model_fields[name].description or "",
        ]
        for name in fields
    ]
    yield from _table(["option", "variable", "type", "default", "meaning"], rows)


def _type_text(annotation: object) -> str:
    names = {
        bool: "true or false",
        int: "number",
        float: "number",
        str: "text",
        timedelta: "duration",
        Path: "file",
        SecretStr: "secret",
        type(None): "",
    }
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if origin in (Union, UnionType):
        return " or ".join(filter(None, (_type_text(each) for each in get_args(annotation))))
    if origin is tuple:
        return "list"
    return next((text for kind, text in names.items() if annotation is kind), "settings")


def _is_model(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _paths(field.annotation, f"{path}.")
        else:
            yield path, field


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, timedelta):
        return _code(f"{value.total_seconds():g}s")
    return _code(str(value)) if value not in ("", (), None) else "none"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is served."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    bounds: tuple[float, ...] = ()  # of a histogram's finite buckets


def metrics_of(modules: Sequence[str]) -> list[Metric]:
    """Return the metrics that modules define, by name."""
    found = [
        value
        for module in modules
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, MetricWrapperBase)
    ]
    return sorted((_metric(each) for each in found), key=lambda each: each.name)


def all_metrics() -> list[Metric]:
    """Return every metric of the platform."""
    return metrics_of([*SHARED_METRICS, *(f"services.{service}.metrics" for service in SERVICES)])


def _metric(found: MetricWrapperBase) -> Metric:
    kind = str(found._type)
    bounds = tuple(float(each) for each in getattr(found, "_upper_bounds", ()) if each != float("inf"))
    name = f"{found._name}{SUFFIXES.get(kind, '')}"
    return Metric(name, kind, tuple(found._labelnames), found._documentation, bounds)


def _metrics_table(modules: Sequence[str]) -> Iterator[str]:
    rows = [
        [f"`{each.name}`", each.kind, ", ".join(f"`{label}`" for label in each.labels), each.meaning]
        for each in metrics_of(modules)
    ]
    yield from _table(["name", "kind", "labels", "meaning"], rows)


def _commands(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, each in sorted(getattr(command, "commands", {}).items()):
        yield from _commands((*path, name), each)


def _help(command: Any, title: str) -> str:
    context = typer.Context(command, info_name=title, terminal_width=WIDTH, max_content_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    return str(command.get_help(context))


def _section(title: str, text: str) -> list[str]:
    return [title, *(["", text.strip()] if text else []), ""]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _code(text: str) -> str:
    return text if text == "none" else f"`{text}`"


_CONFIGURATION = """
Where a setting comes from, first wins: command line (`--max-in-flight 8`), environment
(`DYNAMO_RECONCILER_MAX_IN_FLIGHT=8`; a variable with the service's name wins over the shared one), a file
(`--config FILE`, YAML, first key `schemaVersion: 1`, a section for each service), the default. A name that does not
exist is refused together with the nearest one that does. Durations are written `500ms`, `10s`, `5m`, `1h30m`; lists
with commas.

`DYN_` belongs to the pods of graphs and is never read.
"""
_PLATFORM = """
What rendering depends on: the same for the reconciler, for `dynamoctl render --set` and for `dynamoctl up --set`. On a
service's command line each is given as `--set platform.ingress.className=nginx`.
"""
_METRICS = """
Every service serves `/metrics` in the Prometheus format beside `/healthz` and `/readyz`. No label holds the name,
namespace or uid of an object, so the number of series does not grow with the number of graphs. Histograms have
`_bucket`, `_sum` and `_count` behind their names.
"""
_COMMANDS = """
Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed or not ready, 2 wrong
usage, 3 nothing found, 4 cannot reach a server, 130 interrupted. `dynamoctl --debug COMMAND` shows a traceback. It is
also installed as `kubectl-dynamo`, so that `kubectl dynamo status` works.
"""


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m scripts.reference_pages [--check]", file=sys.stderr)
        return 2
    stale = [
        name
        for name, text in generate().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        if arguments:
            print(f"docs/{name} is not what the code describes: run `make docs`", file=sys.stderr)
        else:
            (FOLDER / name).write_text(generate()[name], encoding="utf-8")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
