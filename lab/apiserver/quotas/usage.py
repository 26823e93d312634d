"""What one object uses of which quota resources, and under which scopes it falls. Pure.

The rules are those of Kubernetes' quota evaluators. Invariant: an object uses one of `count/<its resource>` whatever
it is; of compute resources only a pod that has not ended uses anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from lab.apiserver.documents import Document
from lab.apiserver.errors import qualified
from lab.apiserver.schemas.quantities import parse_quantity

_SHORT_COUNTS: Final = frozenset(
    {"configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"}
)
_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
_EXPLICIT: Final = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_ENDED: Final = ("Succeeded", "Failed")
_BINARY: Final = (("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10))
_DECIMAL: Final = (("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3), ("", 0), ("m", -3), ("u", -6))


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of something, and whether it is written in powers of two."""

    value: Decimal = field(default_factory=Decimal)
    is_binary: bool = False

    def __add__(self, other: Amount) -> Amount:
        """Return the sum; nothing has no way of its own to be written."""
        return Amount(self.value + other.value, self.is_binary if self.value else other.is_binary)

    def __str__(self) -> str:
        """Return the canonical form of the quantity."""
        suffixes = [(name, Decimal(2) ** exponent) for name, exponent in _BINARY] if self.is_binary else []
        suffixes += [(name, Decimal(10) ** exponent) for name, exponent in _DECIMAL if not self.is_binary or not name]
        for name, size in suffixes:
            if self.value and self.value % size == 0:
                return f"{int(self.value / size)}{name}"
        return "0" if not self.value else f"{int((self.value * 10**9).to_integral_value())}n"


Usage = Mapping[str, Amount]


def amount(text: object) -> Amount:
    """Return what a quantity says; what is none counts as nothing, since other checks refuse it."""
    try:
        return Amount(parse_quantity(str(text)), is_binary=str(text).endswith("i"))
    except ValueError:
        return Amount()


def amounts(quantities: Mapping[str, object] | None) -> dict[str, Amount]:
    """Return the amounts of a resource list."""
    return {name: amount(text) for name, text in (quantities or {}).items()}


def total(usages: Iterable[Usage]) -> dict[str, Amount]:
    """Return the sum of usages."""
    sums: dict[str, Amount] = {}
    for usage in usages:
        for name, used in usage.items():
            sums[name] = sums[name] + used if name in sums else used
    return sums


def usage_of(group: str, plural: str, document: Document) -> Usage:
    """Return what an object uses."""
    one = Amount(Decimal(1))
    used = {f"count/{qualified(plural, group)}": one}
    if group:
        return used
    if plural in _SHORT_COUNTS:
        used[plural] = one
    match plural:
        case "pods" if (document.get("status") or {}).get("phase") not in _ENDED:
            return {**used, "pods": one, **_pod_usage(document["spec"])}
        case "services":
            return {**used, **_service_usage(document.get("spec") or {}, one)}
        case "persistentvolumeclaims":
            asked = ((document.get("spec") or {}).get("resources") or {}).get("requests") or {}
            return {**used, "requests.storage": amount(asked.get("storage", 0))}
        case _:
            return used


def is_under(quota: Document, group: str, plural: str, document: Document) -> bool:
    """Return whether a quota counts an object: one with scopes counts only the pods of all of them."""
    spec = quota.get("spec") or {}
    wanted = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    wanted += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if not wanted:
        return True
    return (group, plural) == ("", "pods") and all(_is_in(scope, document) for scope in wanted)


def unspecified(document: Document, limited: Iterable[str]) -> str:
    """Return which amounts containers must state, because a quota limits them; nothing when all do."""
    missing: dict[str, list[str]] = {}
    spec = document["spec"]
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        stated = set(resources.get("requests") or ())
        stated |= {f"requests.{name}" for name in resources.get("requests") or ()}
        stated |= {f"limits.{name}" for name in resources.get("limits") or ()}
        for name in limited:
            if name in _EXPLICIT and name not in stated:
                missing.setdefault(name, []).append(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


def _pod_usage(spec: Document) -> dict[str, Amount]:
    used: dict[str, Amount] = {}
    for name, wanted in _demand(spec, "requests").items():
        used[f"requests.{name}"] = wanted
        if name in _COMPUTE:
            used[name] = wanted
    for name, most in _demand(spec, "limits").items():
        if name in _COMPUTE:
            used[f"limits.{name}"] = most
    return used


def _demand(spec: Document, side: str) -> dict[str, Amount]:
    """Return what a pod asks for at its most: all containers together, or one that runs before them."""
    running = total(_stated(container, side) for container in spec.get("containers") or ())
    for container in spec.get("initContainers") or ():
        stated = _stated(container, side)
        if container.get("restartPolicy") == "Always":
            running = total((running, stated))
        else:
            running |= {name: max(running.get(name, Amount()), most, key=_value) for name, most in stated.items()}
    return total((running, amounts(spec.get("overhead")))) if running else running


def _stated(container: Document, side: str) -> dict[str, Amount]:
    return amounts((container.get("resources") or {}).get(side))


def _value(of: Amount) -> Decimal:
    return of.value


def _service_usage(spec: Document, one: Amount) -> dict[str, Amount]:
    ports = spec.get("ports") or ()
    match spec.get("type"):
        case "LoadBalancer":
            return {"services.loadbalancers": one, "services.nodeports": Amount(Decimal(len(ports)))}
        case "NodePort":
            return {"services.nodeports": Amount(Decimal(len(ports)))}
        case _:
            return {}


def _is_in(scope: Document, pod: Document) -> bool:
    has_end = pod["spec"].get("activeDeadlineSeconds") is not None
    is_best_effort = (pod.get("status") or {}).get("qosClass") == "BestEffort"
    match scope["scopeName"]:
        case "Terminating":
            return has_end
        case "NotTerminating":
            return not has_end
        case "BestEffort":
            return is_best_effort
        case "NotBestEffort":
            return not is_best_effort
        case "PriorityClass":
            return _has_priority(scope, pod["spec"].get("priorityClassName") or "")
        case _:
            return False


def _has_priority(scope: Document, name: str) -> bool:
    values = scope.get("values") or ()
    match scope.get("operator"):
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "DoesNotExist":
            return not name
        case _:
            return bool(name)
