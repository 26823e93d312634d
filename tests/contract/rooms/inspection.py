"""Finding the rooms and what belongs to each, by the layout that all of them share."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from prometheus_client.metrics import MetricWrapperBase

import services
from shared.runtime.settings import ServiceSettings
from shared.runtime.settings_sources import SERVICES

ROOT = Path(services.__file__).parent
ROOMS = tuple(sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()))


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric object, and where it is defined."""

    module: str
    constant: str
    name: str  # without the suffix that the exposition adds
    kind: str
    labels: tuple[str, ...]


def room_module(room: str, name: str) -> ModuleType:
    """Return a module of a room."""
    return importlib.import_module(f"services.{room}.{name}")


def settings_of(room: str) -> type[ServiceSettings]:
    """Return the settings model of a room."""
    module = room_module(room, "settings")
    found = [
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, ServiceSettings) and value.__module__ == module.__name__
    ]
    assert len(found) == 1, f"services.{room}.settings has {len(found)} settings models"
    return found[0]


def metrics_in(module: ModuleType) -> list[Metric]:
    """Return the metric objects that a module defines."""
    return [
        Metric(module.__name__, constant, value._name, str(value._type), tuple(value._labelnames))
        for constant, value in vars(module).items()
        if isinstance(value, MetricWrapperBase)
    ]


def metrics_modules() -> list[ModuleType]:
    """Return every module of the product that is called metrics."""
    found = [f"services.{room}.metrics" for room in ROOMS]
    shared = ROOT.parent / "shared"
    for path in sorted(shared.rglob("metrics.py")):
        found.append(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))
    return [importlib.import_module(name) for name in found]


def decision_folders(room: str) -> list[Path]:
    """Return the folders of a room that hold pure decisions."""
    return sorted(
        path.parent
        for path in (ROOT / room).glob("*/__init__.py")
        if path.parent.name not in ("handlers", "__pycache__")
    )


assert set(ROOMS) == set(SERVICES), "the settings file's sections and the rooms differ"
