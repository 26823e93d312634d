"""Where settings come from: command line, environment and file, each read into plain values by field name.

Separate from the model because none of it knows a type: it decides names only. Every name that is not one of the
service's is refused here, with the nearest one that is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

PREFIX = "DYNAMO_"
SERVICES = ("watcher", "reconciler", "rbac", "discovery", "webhook")
SCHEMA_VERSION = 1

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Names:
    """How each field of a service's settings is called in each source."""

    service: str
    fields: tuple[str, ...]
    shared: frozenset[str]
    aliases: Mapping[str, str] = field(default_factory=dict)  # variables that other programs also read

    def option(self, name: str) -> str:
        """Return the command-line option of a field."""
        return f"--{name.replace('_', '-')}"

    def variable(self, name: str) -> str:
        """Return the variable of a field: shared ones carry no service's name."""
        return f"{PREFIX}{name.upper()}" if name in self.shared else self.own_variable(name)

    def own_variable(self, name: str) -> str:
        """Return the variable that sets a field of this service alone."""
        return f"{self.own_prefix}{name.upper()}"

    @property
    def own_prefix(self) -> str:
        """Return what all variables of this service begin with."""
        return f"{PREFIX}{self.service.upper()}_"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    config: str
    values: Values


def from_command_line(names: Names, arguments: Sequence[str], *, help_text: str) -> Options:
    """Return the options; print the help and exit when `--help` is among them."""
    if "--help" in arguments or "-h" in arguments:
        print(help_text)
        raise SystemExit(0)
    known = {names.option(name): name for name in names.fields}
    config, values = "", Values()
    for option, value in _pairs(arguments, known=(*known, "--config", "--set")):
        if option == "--config":
            config = value
        elif option == "--set":
            values = merged(values, _at_path(names, value))
        else:
            values[known[option]] = value
    return Options(config, values)


def from_environment(names: Names, environment: Mapping[str, str]) -> Values:
    """Return the fields that variables set; a service's own variable wins over the shared one."""
    values = Values()
    for name in names.fields:
        for variable in (names.own_variable(name), names.variable(name), names.aliases.get(name, "")):
            if environment.get(variable):
                values[name] = environment[variable]
                break
    own = {names.own_variable(name) for name in names.fields}
    for variable in sorted(environment):
        if variable.startswith(names.own_prefix) and variable not in own:
            raise ValueError(unknown("variable", variable, own))
    return values


def from_file(names: Names, path: Path) -> Values:
    """Return the fields that a file sets, at its top or in the section that has the service's name."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"cannot read the settings file {path}: {error}") from error
    if not isinstance(document, dict) or document.get("schemaVersion") != SCHEMA_VERSION:
        raise ValueError(f"{path} must be a mapping that begins with `schemaVersion: {SCHEMA_VERSION}`")
    sections = {*SERVICES, names.service}
    top = {key: value for key, value in document.items() if key != "schemaVersion" and key not in sections}
    section = document.get(names.service) or {}
    if not isinstance(section, dict):
        raise ValueError(f"{path}: {names.service} must be a mapping of settings")
    for key in (*top, *section):
        if key not in names.fields:
            raise ValueError(f"{path}: {unknown('key', str(key), names.fields)}")
    return merged(top, section)


def merged(*layers: Mapping[str, object]) -> Values:
    """Return the layers as one, later ones first; nested mappings are merged, everything else is replaced."""
    result = Values()
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            nested = isinstance(below, Mapping) and isinstance(value, Mapping)
            result[key] = merged(below, value) if nested else value  # type: ignore[arg-type]  # checked by `nested`
    return result


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like a name, or an empty text when none does."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), "")


def _pairs(arguments: Sequence[str], *, known: Sequence[str]) -> Iterable[tuple[str, str]]:
    rest = iter(arguments)
    for argument in rest:
        option, equals, value = argument.partition("=")
        if option not in known:
            raise ValueError(unknown("option", option, known))
        if not equals:
            following = next(rest, None)
            if following is None:
                raise ValueError(f"option {option} needs a value")
            value = following
        yield option, value


def _at_path(names: Names, assignment: str) -> Values:
    path, equals, text = assignment.partition("=")
    keys = path.removeprefix(f"{names.service}.").split(".")
    if not equals or not all(keys):
        raise ValueError(f"--set {assignment!r} is not PATH=VALUE")
    if keys[0] not in names.fields:
        raise ValueError(unknown("setting", keys[0], names.fields))
    # A field of the settings reads its own text; what lies deeper is read as YAML, as the file would be.
    value: object = text if len(keys) == 1 else yaml.safe_load(text)
    for key in reversed(keys):
        value = {key: value}
    return dict(value) if isinstance(value, dict) else {}


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence that refuses a name, with the nearest known one."""
    guess = nearest(name, known)
    return f"{what} {name} is not known" + (f"; did you mean {guess}?" if guess else "")
