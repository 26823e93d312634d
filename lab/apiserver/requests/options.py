"""Decides what the query parameters of a write, a delete and a list mean, and which are refused.

Separate and pure. Invariant: an options value is valid as a whole; verbs need not look at query strings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.apiserver.errors import ApiError, Cause, bad_request, internal, invalid

_NUMBER = re.compile(r"\d+")
_SIGNED = re.compile(r"[-+]?\d+")


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a create, update or patch is to be done."""

    manager: str
    dry_run: bool = False
    field_validation: str = "Warn"
    force: bool = False
    explicit_manager: bool = True
    explicit_validation: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How a delete is to be done."""

    dry_run: bool = False
    propagation: str = ""
    uid: str = ""
    version: str = ""
    grace_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list or watch asks for."""

    version: str = ""
    match: str = ""
    limit: int = 0
    token: str = ""
    labels: str = ""
    fields: str = ""
    timeout_seconds: int = 0
    bookmarks: bool = False
    initial_events: bool | None = None


def flag(value: str | None) -> bool:
    """Read a boolean query parameter: everything but false, False and 0 is true."""
    return value is not None and value not in ("false", "False", "0")


def _refuse(kind: str, *causes: Cause) -> ApiError:
    return invalid(kind, "meta.k8s.io", "", causes)


def _unsupported(name: str, value: str, supported: str) -> Cause:
    return Cause("FieldValueNotSupported", name, f"Unsupported value: {value}: supported values: {supported}")


def _dry_run(kind: str, values: list[str]) -> bool:
    if any(value != "All" for value in values):
        listed = "[" + ",".join(f'"{value}"' for value in values) + "]"
        raise _refuse(kind, _unsupported("dryRun", listed, '"All"'))
    return bool(values)


def _check_manager(kind: str, manager: str) -> None:
    if len(manager.encode()) > 128:
        raise _refuse(kind, Cause("FieldValueTooLong", "fieldManager", "Too long: may not be more than 128 bytes"))
    if manager.isprintable():
        return
    for index, character in enumerate(manager):
        if not character.isprintable():
            shown = manager.encode("unicode_escape").decode().replace("\\x07", "\\a")
            text = f'Invalid value: "{shown}": invalid character U+{ord(character):04X} (at position {index})'
            raise _refuse(kind, Cause("FieldValueInvalid", "fieldManager", text))


def write_options(query: Mapping[str, str], values: list[str], agent: str, kind: str) -> WriteOptions:
    """Return the options of a write; `values` are all dryRun parameters, `kind` names the options in messages."""
    validation = query.get("fieldValidation", "")
    if validation not in ("", "Ignore", "Warn", "Strict"):
        raise _refuse(kind, _unsupported("fieldValidation", f'"{validation}"', '"", "Ignore", "Strict", "Warn"'))
    manager = query.get("fieldManager", "")
    _check_manager(kind, manager)
    return WriteOptions(
        manager=manager or agent.partition("/")[0] or "unknown",
        dry_run=_dry_run(kind, values),
        field_validation=validation or "Warn",
        force=flag(query.get("force")) if "force" in query else False,
        explicit_manager=bool(manager),
        explicit_validation=bool(validation),
    )


_POLICIES = ("Foreground", "Background", "Orphan")


def delete_options(query: Mapping[str, str], dry_run: list[str], body: Mapping[str, Any] | None) -> DeleteOptions:
    """Return the options of a delete, from the body if there is one, else from the query."""
    if body:
        preconditions = body.get("preconditions") or {}
        values = list(body.get("dryRun") or ())
        policy = body.get("propagationPolicy") or ""
        orphan = body.get("orphanDependents")
        grace = body.get("gracePeriodSeconds")
    else:
        preconditions = {}
        values = dry_run
        policy = query.get("propagationPolicy", "")
        orphan = flag(query["orphanDependents"]) if "orphanDependents" in query else None
        grace = int(query["gracePeriodSeconds"]) if _SIGNED.fullmatch(query.get("gracePeriodSeconds", "")) else None
    if policy and orphan is not None:
        text = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        raise _refuse("DeleteOptions", Cause("FieldValueInvalid", "propagationPolicy", text))
    if policy and policy not in _POLICIES:
        supported = ", ".join(f'"{known}"' for known in (*_POLICIES, "nil"))
        raise _refuse("DeleteOptions", _unsupported("propagationPolicy", f'"{policy}"', supported))
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    return DeleteOptions(
        dry_run=_dry_run("DeleteOptions", values),
        propagation=policy,
        uid=preconditions.get("uid") or "",
        version=preconditions.get("resourceVersion") or "",
        grace_seconds=grace,
    )


def _integer(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if not text:
        return 0
    if not _SIGNED.fullmatch(text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


@dataclass(slots=True)
class _Problems:
    causes: list[Cause] = field(default_factory=list)

    def forbid(self, name: str, why: str) -> None:
        self.causes.append(Cause("FieldValueForbidden", name, f"Forbidden: {why}"))

    def unsupported(self, name: str, value: str, supported: str) -> None:
        self.causes.append(_unsupported(name, f'"{value}"', supported))


def list_options(query: Mapping[str, str], *, watching: bool) -> ListOptions:
    """Return the options of a list or watch, refusing combinations that contradict each other."""
    options = ListOptions(
        version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        limit=_integer(query, "limit"),
        token=query.get("continue", ""),
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        timeout_seconds=_integer(query, "timeoutSeconds"),
        bookmarks=flag(query.get("allowWatchBookmarks")),
        initial_events=flag(query["sendInitialEvents"]) if "sendInitialEvents" in query else None,
    )
    problems = _Problems()
    if watching:
        _check_watch(options, problems)
    else:
        _check_list(options, problems)
    if problems.causes:
        raise _refuse("ListOptions", *problems.causes)
    return options


def _check_watch(options: ListOptions, problems: _Problems) -> None:
    if options.token:
        problems.forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
        return
    if options.initial_events is None:
        if options.match:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            problems.forbid("resourceVersionMatch", why)
        return
    if options.match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        problems.forbid("resourceVersionMatch", why)
        if options.match:
            problems.unsupported("resourceVersionMatch", options.match, '"NotOlderThan"')


def _check_list(options: ListOptions, problems: _Problems) -> None:
    match = options.match
    if match:
        if options.token:
            problems.forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
        if not options.version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            problems.forbid("resourceVersionMatch", why)
        if match not in ("Exact", "NotOlderThan"):
            problems.unsupported("resourceVersionMatch", match, '"Exact", "NotOlderThan", ""')
        if match == "Exact" and options.version == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            problems.forbid("resourceVersionMatch", why)
    if options.initial_events is not None:
        problems.forbid("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _unparsable(text: str) -> str:
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'


def read_version(text: str) -> int:
    """Return the version of a list, refusing what is no number with 400."""
    if not text:
        return 0
    if not _NUMBER.fullmatch(text):
        raise bad_request(f"invalid resource version: {_unparsable(text)}")
    return int(text)


def watch_version(text: str) -> int:
    """Return the version of a watch or a GET, refusing what is no number with 500, as the genuine server does."""
    if not text:
        return 0
    if not _NUMBER.fullmatch(text):
        raise internal(_unparsable(text))
    return int(text)
