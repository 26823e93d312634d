"""The environment of the main container: layers joined by name, sorted, with referenced variables first.

The order is part of the object, so it has to depend on nothing but the variables. Sorting alone would break a value
such as `$(POD_NAME)` in a variable that sorts before it: the kubelet only expands what stands above (W-13).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from services.reconciler.desired.component import Component
from shared.api.platform import DiscoveryBackend, PlatformContext
from shared.core.json import Manifest, items, text

_REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")  # `$$` is an escaped dollar, so `$$(NAME)` is no reference


def environment(component: Component, platform: PlatformContext) -> list[Manifest]:
    """Return all variables of the main container, in their final order."""
    return joined(
        _platform_variables(platform),
        _component_variables(component),
        (variable(name, value) for name, value in component.type.variables),
        _given(items(component.main_container, "env")),
        _given(component.spec.envs or ()),
    )


def joined(*layers: Iterable[Manifest]) -> list[Manifest]:
    """Return the union of layers by name, later ones winning, in an order in which every reference resolves."""
    by_name = {text(entry, "name"): entry for layer in layers for entry in layer}
    ordered = sorted(by_name)
    needs = {name: _references(by_name[name], by_name) for name in ordered}
    if not any(needs.values()):
        return [by_name[name] for name in ordered]
    return [by_name[name] for name in _referenced_first(ordered, needs)]


def extended(variables: list[Manifest], added: Iterable[Manifest]) -> list[Manifest]:
    """Return variables with an engine's own behind them; those that the user has stay as they are (W-13)."""
    known = {text(entry, "name") for entry in variables}
    new = {text(entry, "name"): entry for entry in added if text(entry, "name") not in known}
    if any(_references(entry, new) for entry in variables):
        return joined(variables, new.values())
    return [*variables, *new.values()]


def variable(name: str, value: str) -> Manifest:
    """Return a variable with a literal value; an empty value is left out, which means the same."""
    return {"name": name, "value": value} if value else {"name": name}


def _platform_variables(platform: PlatformContext) -> list[Manifest]:
    values = {
        "NATS_SERVER": platform.nats.address,
        "ETCD_ENDPOINTS": platform.etcd.address,
        "MODEL_EXPRESS_URL": platform.model_express.url,
        "PROMETHEUS_ENDPOINT": platform.prometheus.endpoint,
    }
    return [variable(name, value) for name, value in values.items() if value]


def _component_variables(component: Component) -> list[Manifest]:
    found = [
        variable("DYN_NAMESPACE", component.dynamo_namespace),
        variable("DYN_COMPONENT", component.spec.component_type),
        variable("DYN_PARENT_DGD_K8S_NAME", component.parent),
        variable("DYN_PARENT_DGD_K8S_NAMESPACE", component.namespace),
        _field("POD_NAME", "metadata.name"),
        _field("POD_NAMESPACE", "metadata.namespace"),
        _field("POD_UID", "metadata.uid"),
    ]
    if component.discovery is not DiscoveryBackend.ETCD:
        found.append(variable("DYN_DISCOVERY_BACKEND", DiscoveryBackend.KUBERNETES.value))
    return found


def _field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _given(entries: Iterable[object]) -> Iterable[Manifest]:
    return (entry for entry in entries if isinstance(entry, dict) and entry.get("name"))


def _references(entry: Manifest, known: Mapping[str, Manifest]) -> list[str]:
    value = entry.get("value")
    if not isinstance(value, str) or "$(" not in value:
        return []
    names = {match[1] for match in _REFERENCE.finditer(value) if match[1]}
    return sorted(name for name in names if name in known and name != entry["name"])


def _referenced_first(names: list[str], needs: Mapping[str, list[str]]) -> list[str]:
    """Return the names so that each stands behind those it needs; circles keep the sorted order."""
    placed: dict[str, None] = {}
    entered: set[str] = set()
    for name in names:
        waiting = [name]
        while waiting:
            current = waiting[-1]
            missing = [] if current in entered else [need for need in needs[current] if need not in entered]
            entered.add(current)
            if missing:
                waiting.extend(reversed(missing))
            else:
                placed.setdefault(waiting.pop())
    return list(placed)
