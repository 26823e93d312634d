"""`DYN_DEPLOYMENT_CONFIG`: an environment variable that may set replicas and resources of services (workloads 4.7).

Separate because it is the one place where an environment variable changes a spec. A variable without a literal value
is no configuration and is left alone (W-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from services.reconciler.desired.component_types.defaults import HTTP
from services.reconciler.desired.problems import RenderError
from shared.core.json import Manifest, canonical

VARIABLE = "DYN_DEPLOYMENT_CONFIG"
_AMOUNTS = ("cpu", "memory", "gpu")


def configured(service: Manifest, name: str, *, is_frontend: bool) -> Manifest:
    """Return a service's spec with its deployment configuration applied; raise RenderError for a malformed one.

    Errors never repeat the value of the variable: it may hold secrets, and conditions are read by many.
    """
    variable = _variable(service.get("envs"))
    if variable is None:
        return service
    document = _document(variable["value"], is_frontend=is_frontend)
    result = _with_settings(service, _settings(document, name))
    if is_frontend and isinstance(document.get(name), dict):
        value = canonical({**document, name: {**document[name], "port": HTTP.number}}).decode()
        result["envs"] = [{**variable, "value": value} if entry is variable else entry for entry in service["envs"]]
    return result


def _variable(variables: object) -> Manifest | None:
    entries: Sequence[object] = variables if isinstance(variables, list) else ()
    found = next((entry for entry in entries if isinstance(entry, dict) and entry.get("name") == VARIABLE), None)
    return found if found is not None and found.get("value") else None


def _document(text: str, *, is_frontend: bool) -> Manifest:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        failed = "failed to unmarshal" if is_frontend else "failed to parse"
        raise _malformed(failed, str(error)) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _malformed("failed to parse", "the value is not a JSON object")
    if any(value is not None and not isinstance(value, dict) for value in document.values()):
        raise _malformed("failed to parse", "a service's entry is not a JSON object")
    return document


def _settings(document: Manifest, name: str) -> Manifest:
    # Every entry is checked, not only ours, so that all services of a graph agree on whether the text is valid.
    parsed = {key: _service_settings(value or {}) for key, value in document.items()}
    return parsed.get(name, {})


def _service_settings(entry: Mapping[str, object]) -> Manifest:
    args = _object(_member(entry, "ServiceArgs"), "ServiceArgs")
    workers = _member(args, "workers")
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int)):
        raise _malformed("failed to parse", "ServiceArgs.workers is not an integer")
    resources = _object(_member(args, "resources"), "ServiceArgs.resources")
    amounts = {key: _text(_member(resources, key), f"ServiceArgs.resources.{key}") for key in _AMOUNTS}
    custom = _object(_member(resources, "custom"), "ServiceArgs.resources.custom")
    items: Manifest = {key: value for key, value in amounts.items() if value}
    if custom:
        items["custom"] = {key: _text(value, "ServiceArgs.resources.custom") for key, value in custom.items()}
    return {"workers": workers, "items": items}


def _with_settings(service: Manifest, settings: Manifest) -> Manifest:
    result = dict(service)
    if settings.get("workers") is not None and service.get("replicas") is None:
        result["replicas"] = settings["workers"]
    if settings.get("items"):
        resources = dict(service.get("resources") or {})
        for side in ("requests", "limits"):
            resources[side] = {**(resources.get(side) or {}), **settings["items"]}
        result["resources"] = resources
    return result


def _member(value: Mapping[str, object], name: str) -> object:
    """Return a member whose key matches without regard to case; an exact match goes before others."""
    if name in value:
        return value[name]
    return next((item for key, item in value.items() if key.lower() == name.lower()), None)


def _object(value: object, path: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed("failed to parse", f"{path} is not a JSON object")
    return value


def _text(value: object, path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _malformed("failed to parse", f"{path} is not a string")
    return value


def _malformed(failed: str, detail: str) -> RenderError:
    return RenderError(
        f"{failed} {VARIABLE}: {detail}",
        code="DeploymentConfigInvalid",
        remedy=f"make the value of the variable {VARIABLE} a JSON object of services, or remove it",
    )
