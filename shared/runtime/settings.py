"""The settings that all rooms share, and the one loader that reads them.

A room adds its own fields in a subclass; this module decides what a value may look like as text and how a mistake is
reported. Settings are read once, at the start of the process: nobody else reads the environment. The invariant is
that nothing is accepted in silence: a name that no field has is refused together with the nearest name that exists.
"""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.core.errors import PermanentError
from shared.runtime.settings_sources import Names, from_command_line, from_environment, from_file, merged, unknown

Settings = TypeVar("Settings", bound="ServiceSettings")

_DURATION = re.compile(r"(?P<amount>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class SettingsError(PermanentError):
    """The settings cannot be used; the text says which, why, and what to write instead."""


def duration(text: str) -> timedelta:
    """Return the duration that `500ms`, `10s`, `1h30m` or a bare number of seconds stands for."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return timedelta(seconds=float(text))
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise ValueError(f"{text!r} is no duration: write it as 500ms, 10s, 5m or 1h30m")
    return timedelta(seconds=sum(float(part["amount"]) * _UNITS[part["unit"]] for part in parts))


class ServiceSettings(BaseSettings):
    """What every service needs to know: where its servers are, who it is, and how it reports."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=False)

    install: str = Field(
        "dynamo",
        pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        description="Name of the installation: its etcd prefix, and the owner that its streams name.",
    )
    replica: str = Field(
        "",
        pattern=r"^[-.:_a-zA-Z0-9]{0,253}$",  # it stands in headers and in etcd keys
        description="Name of this replica; empty: host name and process id.",
    )
    nats_url: tuple[str, ...] = Field(("nats://127.0.0.1:4222",), min_length=1, description="NATS servers.")
    nats_creds: Path | None = Field(None, description="NATS credentials file.")
    nats_user: str = Field("", description="NATS user.")
    nats_password: SecretStr = Field(SecretStr(""), description="NATS password.")
    nats_ca: Path | None = Field(None, description="CA bundle that NATS servers are checked with.")
    nats_cert: Path | None = Field(None, description="Client certificate for NATS.")
    nats_key: Path | None = Field(None, description="Key of the client certificate for NATS.")
    nats_replicas: int = Field(
        0, ge=0, le=5, description="Copies of each stream; 0: three where three servers are known, else one."
    )
    etcd_endpoints: tuple[str, ...] = Field(
        ("http://127.0.0.1:2379",), min_length=1, description="etcd servers; https:// where they use TLS."
    )
    etcd_user: str = Field("", description="etcd user.")
    etcd_password: SecretStr = Field(SecretStr(""), description="etcd password.")
    etcd_ca: Path | None = Field(None, description="CA bundle that etcd servers are checked with.")
    etcd_cert: Path | None = Field(None, description="Client certificate for etcd.")
    etcd_key: Path | None = Field(None, description="Key of the client certificate for etcd.")
    kubeconfig: Path | None = Field(
        None, description="Kubeconfig file (also: KUBECONFIG); without one the pod's account, then ~/.kube/config."
    )
    context: str = Field("", description="Context of the kubeconfig; empty: its current one.")
    cluster_timeout: timedelta = Field(
        timedelta(seconds=5), gt=timedelta(0), description="Deadline of one request to the Kubernetes API."
    )
    cluster_connections: int = Field(64, ge=1, description="Connections to the Kubernetes API at once.")
    watch_silence: timedelta = Field(
        timedelta(minutes=10),
        gt=timedelta(0),
        description="A watch that is silent for so long is opened anew; servers end each within 8 minutes themselves.",
    )
    claim_ttl: timedelta = Field(
        timedelta(seconds=10), ge=timedelta(seconds=1), description="Life of a replica's claims without a renewal."
    )
    shutdown_timeout: timedelta = Field(
        timedelta(seconds=20), gt=timedelta(0), description="Time to finish work in hand when told to stop."
    )
    bind_address: str = Field("127.0.0.1", description="Address that health and metrics are served on.")
    health_port: int = Field(0, ge=0, le=65535, description="Port of health and metrics; 0: any free one.")
    port_file: Path | None = Field(None, description="File that the port of health and metrics is written to.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Log lines as JSON or text; auto: text on a terminal."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _read_text(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields.get(info.field_name or "")
        if field is None or not isinstance(value, str):
            return value
        return _from_text(value, field.annotation)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the loader only: a settings object made in a test sees no environment."""
        return (init_settings,)


def names_of(model: type[ServiceSettings], service: str) -> Names:
    """Return the names under which the settings of a service can be given."""
    return Names(
        service=service,
        fields=tuple(model.model_fields),
        shared=frozenset(ServiceSettings.model_fields),
        aliases={"kubeconfig": "KUBECONFIG"},
    )


def load(model: type[Settings], service: str, *, arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings: command line, then environment, then `--config FILE`, then defaults."""
    names = names_of(model, service)
    try:
        options = from_command_line(names, arguments, help_text=help_text(model, service))
        variables = from_environment(names, environment)
        document = from_file(names, Path(options.config)) if options.config else {}
        return model.model_validate(merged(document, variables, options.values))
    except ValidationError as error:
        raise SettingsError(_explain(model, names, error)) from error
    except ValueError as error:
        raise SettingsError(str(error)) from error


def load_or_exit(model: type[Settings], service: str) -> Settings:
    """Return the settings of this process; end it with code 2 and one clear line when they cannot be used."""
    try:
        return load(model, service, arguments=sys.argv[1:], environment=os.environ)
    except SettingsError as error:
        print(f"{service}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def help_text(model: type[ServiceSettings], service: str) -> str:
    """Return the `--help` text: every option with its variable, its default and what it means."""
    names = names_of(model, service)
    lines = [f"usage: python -m services.{service} [--config FILE] [--set PATH=VALUE ...] [OPTION VALUE ...]", ""]
    for name, field in model.model_fields.items():
        lines.append(f"  {names.option(name)}  ({names.variable(name)}, default: {default_text(model, name)})")
        lines.append(f"      {field.description or ''}")
    return "\n".join(lines)


def default_text(model: type[ServiceSettings], name: str) -> str:
    """Return the default of a setting as a person would write it."""
    default = model.model_fields[name].get_default(call_default_factory=True)
    match default:
        case None | "":
            return "none"
        case timedelta():
            return duration_text(default)
        case SecretStr():
            return "none"
        case tuple():
            return ",".join(str(item) for item in default)
        case BaseModel():
            return "see the documentation"
        case _:
            return str(default)


def duration_text(value: timedelta) -> str:
    """Return a duration as `duration` reads it."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _from_text(value: str, annotation: object) -> object:
    kinds = _kinds(annotation)
    if timedelta in kinds:
        return duration(value)
    if tuple in kinds or frozenset in kinds:
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if dict in kinds or any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds):
        return yaml.safe_load(value)
    return value


def _kinds(annotation: object) -> set[object]:
    if get_origin(annotation) in (Union, types.UnionType):
        return set().union(*(_kinds(argument) for argument in get_args(annotation)))
    return {get_origin(annotation) or annotation}


def _explain(model: type[BaseModel], names: Names, error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in problem["loc"]]
        where = ".".join([names.option(path[0]), *path[1:]]) if path else "settings"
        if problem["type"] == "extra_forbidden":
            problems.append(
                unknown("setting", where.lstrip("-"), [".".join([*path[:-1], name]) for name in _beside(model, path)])
            )
        else:
            problems.append(f"{where}: {problem['msg']}")
    return "; ".join(problems)


def _beside(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Return the names that the last part of a path could have had."""
    current = model
    for part in path[:-1]:
        found = [field for name, field in current.model_fields.items() if part in (name, field.alias)]
        nested = [kind for field in found for kind in _kinds(field.annotation)]
        parts = [kind for kind in nested if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not parts:
            return []
        current = parts[0]
    return [field.alias or name for name, field in current.model_fields.items()]
