"""Where the files that the platform ships with are found: base objects, CRDs, examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cli.failures import CommandError, Exit
from shared.core.errors import InvalidObjectError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent
# A wheel carries these files inside the package, a checkout (also an editable install) has them at its top.
ROOT = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _CHECKOUT
LAB_CRDS = _CHECKOUT / "lab" / "crds"


def crd_files() -> tuple[Path, ...]:
    """Return the six CRDs."""
    return tuple(sorted((ROOT / "charts" / "crds").rglob("*.yaml")))


def base_objects() -> list[dict[str, Any]]:
    """Return what stands in the cluster before the first graph."""
    return documents(ROOT / "charts" / "platform" / "files" / "base.yaml")


def example(name: str) -> Path:
    """Return an example graph's file."""
    return ROOT / "examples" / f"{name}.yaml"


def capability_crds(capability: str) -> tuple[Path, ...]:
    """Return the lab's own small CRDs of a capability."""
    folder = LAB_CRDS / capability
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in LAB_CRDS.iterdir() if path.is_dir()))
        raise CommandError(f"unknown capability {capability!r}: the lab knows {known}", Exit.USAGE)
    return tuple(sorted(folder.glob("*.yaml")))


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a multi-document YAML file; raise with the file's name when it cannot be read."""
    try:
        found = [document for document in yaml.safe_load_all(path.read_text()) if document]
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}", Exit.USAGE) from error
    except (yaml.YAMLError, ValueError) as error:  # also bytes that are no UTF-8, and numbers beyond any use
        raise InvalidObjectError(f"{path} is not YAML: {error}") from error
    if not all(isinstance(document, dict) for document in found):
        raise InvalidObjectError(f"{path}: every document must be an object")
    return found
