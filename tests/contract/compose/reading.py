"""Reads docker-compose.yml the way Docker Compose does, as far as our file needs it.

Separate from the tests, because the end-to-end test starts processes from the same reading. Invariant: what the file
uses and this module does not know is an error, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docker-compose.yml"
OWN_CLUSTER = {"KUBECONFIG_FILE": "/somewhere/kubeconfig", "COMPOSE_PROFILES": ""}

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<operator>[-+])(?P<word>[^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Port:
    """One published port."""

    address: str
    published: int
    inside: int


@dataclass(frozen=True, slots=True)
class Mount:
    """One volume or file in a container."""

    source: str
    target: str
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class Service:
    """One service, with what the tests ask about."""

    name: str
    image: str
    target: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ports: tuple[Port, ...]
    mounts: tuple[Mount, ...]
    health: tuple[str, ...]
    raw: Mapping[str, Any]


def raw_document() -> dict[str, Any]:
    """Return the file as YAML gives it, without the blocks that only hold anchors."""
    document: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {key: value for key, value in document.items() if not key.startswith("x-")}


def services(environment: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Return the services that `docker compose up` starts with these variables, by name."""
    variables = {**_defaults(), **(environment or {})}
    document = interpolated(raw_document(), variables)
    active = set(filter(None, variables.get("COMPOSE_PROFILES", "").split(",")))
    return {
        name: _service(name, raw)
        for name, raw in document["services"].items()
        if not raw.get("profiles") or active & set(raw["profiles"])
    }


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """Return a document with `${NAME}`, `${NAME:-default}` and `${NAME:+replacement}` filled in."""
    match value:
        case dict():
            return {key: interpolated(each, variables) for key, each in value.items()}
        case list():
            return [interpolated(each, variables) for each in value]
        case str():
            return _filled_in(value, variables)
        case _:
            return value


def _filled_in(text: str, variables: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        held = variables.get(match["name"], "")
        word = match["word"] or ""
        return (word if held else "") if match["operator"] == "+" else held or word

    result = _VARIABLE.sub(fill, text)
    if "$" in result:
        raise ValueError(f"{text}: this reading knows no such variable")
    return result


def _defaults() -> dict[str, str]:
    lines = (ROOT / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _service(name: str, raw: Mapping[str, Any]) -> Service:
    return Service(
        name=name,
        image=raw["image"],
        target=raw.get("build", {}).get("target", ""),
        command=tuple(raw.get("command", ())),
        environment=raw.get("environment", {}),
        ports=tuple(_port(text) for text in raw.get("ports", ())),
        mounts=tuple(_mount(text) for text in raw.get("volumes", ())),
        health=tuple(raw.get("healthcheck", {}).get("test", ())[1:]),
        raw=raw,
    )


def _port(text: str) -> Port:
    address, published, inside = text.split(":")
    return Port(address, int(published), int(inside))


def _mount(text: str) -> Mount:
    source, target, *mode = text.split(":")
    return Mount(source, target, mode == ["ro"])
