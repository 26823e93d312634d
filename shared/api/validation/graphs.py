"""Rules on graphs: what a spec may say, and what an update may change.

Stateless rules come first, and when one is violated no update rule is looked at. Update rules stand in three groups
(immutable fields, service names, replicas); the first group with a violation ends the check. Last come the rules that
the reference does not have: they hold for new graphs, and for what an update brings in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set

from shared.api.components import ComponentSpec
from shared.api.graphs import Graph, VolumeClaim
from shared.api.validation.components import judge_component
from shared.api.validation.contents import content_violations, content_warnings
from shared.api.validation.identities import Policy, may_set_replicas
from shared.api.validation.names import grove_name_violations, name_violations
from shared.api.validation.quantities import is_zero
from shared.api.validation.verdicts import ACCEPTED, Verdict
from shared.core import labels

FRAMEWORK_IS_IMMUTABLE = "spec.backendFramework is immutable and cannot be changed after creation"
FRAMEWORK_WARNING = "Changing spec.backendFramework may cause unexpected behavior"


def judge_graph(graph: Graph, *, namespace: str) -> Verdict:
    """Return the verdict on a new graph by itself."""
    verdict = judge_spec(graph)
    if not verdict.is_accepted:
        return verdict
    violations = (*name_violations(graph, namespace), *content_violations(graph))
    if violations:
        return Verdict(errors=violations)
    return Verdict(warnings=verdict.warnings + _creation_warnings(graph, namespace))


def judge_update(old: Graph, new: Graph, *, username: str, namespace: str, policy: Policy) -> Verdict:
    """Return the verdict on a change of a graph; an empty user name is an unknown one."""
    stateless = judge_spec(new)
    if not stateless.is_accepted:
        return stateless
    change = judge_change(old, new, replicas_allowed=may_set_replicas(username, namespace=namespace, policy=policy))
    if not change.is_accepted:
        return change
    violations = content_violations(new)
    brought_in = _added(content_violations(old), violations) if violations else ()
    if brought_in:
        return Verdict(errors=brought_in)
    unheeded = _added(content_warnings(old, namespace), content_warnings(new, namespace))
    return Verdict(warnings=stateless.warnings + change.warnings + unheeded)


def judge_spec(graph: Graph) -> Verdict:
    """Return the verdict of the stateless rules; the first violated group is the only one reported."""
    services = graph.spec.services or {}
    if not services:  # GC-01
        return Verdict(errors=("spec.services must have at least one service",))
    for index, claim in enumerate(graph.spec.pvcs or ()):
        errors = _claim_violations(claim, f"spec.pvcs[{index}]")
        if errors:
            return Verdict(errors=errors)
    warnings: tuple[str, ...] = ()
    for name in sorted(services):  # GC-06
        verdict = judge_component(services[name], _path(name))
        if not verdict.is_accepted:
            return verdict
        warnings += verdict.warnings
    return Verdict(warnings=warnings)


def judge_change(old: Graph, new: Graph, *, replicas_allowed: bool) -> Verdict:
    """Return the verdict of the update rules alone."""
    immutable = _immutable_fields(old, new)
    if not immutable.is_accepted:
        return immutable
    names = _changed_names(set(old.spec.services or ()), set(new.spec.services or ()))
    if names is not None:
        return Verdict(errors=(names,))
    if replicas_allowed:
        return ACCEPTED
    return Verdict(errors=_seized_replicas(old.spec.services or {}, new.spec.services or {}))


def _creation_warnings(graph: Graph, namespace: str) -> tuple[str, ...]:
    # Only a warning: the names are no obstacle without Grove, and whoever admits asks no server what the cluster has.
    may_use_grove = (graph.metadata.annotations or {}).get(labels.ENABLE_GROVE, "").lower() != "false"
    return content_warnings(graph, namespace) + (grove_name_violations(graph) if may_use_grove else ())


def _added(before: Collection[str], after: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in after if text not in before)


def _claim_violations(claim: VolumeClaim, path: str) -> tuple[str, ...]:
    is_made = claim.create is True
    violated = {
        f"{path}.name is required": not claim.name,  # GC-02
        f"{path}.storageClass is required when create is true": is_made and not claim.storage_class,  # GC-03
        f"{path}.size is required when create is true": is_made and is_zero(claim.size),  # GC-04
        f"{path}.volumeAccessMode is required when create is true": is_made and not claim.volume_access_mode,  # GC-05
    }
    return tuple(text for text, is_violated in violated.items() if is_violated)


def _immutable_fields(old: Graph, new: Graph) -> Verdict:
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if old.spec.backend_framework != new.spec.backend_framework:  # GU-01
        errors += (FRAMEWORK_IS_IMMUTABLE,)
        warnings += (FRAMEWORK_WARNING,)
    before, after = old.spec.services or {}, new.spec.services or {}
    errors += tuple(  # GU-02
        f"{_path(name)} cannot change node topology (between single-node and multi-node) after creation"
        for name in sorted(before.keys() & after.keys())
        if before[name].is_multinode != after[name].is_multinode
    )
    return Verdict(errors, warnings)


def _changed_names(before: Set[str], after: Set[str]) -> str | None:
    changes = {"added": sorted(after - before), "removed": sorted(before - after)}
    texts = [f"services {change}: [{' '.join(names)}]" for change, names in changes.items() if names]
    if not texts:
        return None
    return f"service topology is immutable and cannot be modified after creation: {', '.join(texts)}"  # GU-03


def _seized_replicas(before: dict[str, ComponentSpec], after: dict[str, ComponentSpec]) -> tuple[str, ...]:
    """Return the services whose replicas belong to a scaling adapter, before or after, and change. # GU-04"""
    return tuple(
        f"{_path(name)}.replicas cannot be modified directly when scaling adapter is enabled; "
        "scale or update the related DynamoGraphDeploymentScalingAdapter instead"
        for name in sorted(before.keys() & after.keys())
        if (before[name].is_scaled_by_adapter or after[name].is_scaled_by_adapter)
        and _replicas(before[name]) != _replicas(after[name])
    )


def _replicas(component: ComponentSpec) -> int:
    return 1 if component.replicas is None else component.replicas


def _path(service: str) -> str:
    return f"spec.services[{service}]"
