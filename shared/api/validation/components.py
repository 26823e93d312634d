"""Rules on one component, wherever its spec stands: as a service of a graph or alone.

The first violated rule is the only error, and only what has no error is warned about.
"""

from __future__ import annotations

from shared.api.components import ComponentSpec
from shared.api.validation.quantities import is_zero
from shared.api.validation.verdicts import Verdict


def judge_component(component: ComponentSpec, path: str) -> Verdict:
    """Return the verdict on a component whose spec stands at a path."""
    error = _first_violation(component, path)
    if error is not None:
        return Verdict(errors=(error,))
    return Verdict(warnings=_warnings(component, path))


def _first_violation(component: ComponentSpec, path: str) -> str | None:
    if component.replicas is not None and component.replicas < 0:  # SH-01
        return f"{path}.replicas must be non-negative"
    ingress = component.ingress
    if ingress is not None and ingress.enabled and not ingress.host:  # SH-02
        return f"{path}.ingress.host is required when ingress is enabled"
    for index, mount in enumerate(component.volume_mounts or ()):  # SH-03
        if not mount.use_as_compilation_cache and not mount.mount_point:
            return f"{path}.volumeMounts[{index}].mountPoint is required when useAsCompilationCache is false"
    memory = component.shared_memory
    if memory is not None and not memory.disabled and is_zero(memory.size):  # SH-04
        return f"{path}.sharedMemory.size is required when disabled is false"
    return None


def _warnings(component: ComponentSpec, path: str) -> tuple[str, ...]:
    if component.autoscaling is None:
        return ()
    return (  # SH-W1
        f"{path}.autoscaling is deprecated and ignored. Use DynamoGraphDeploymentScalingAdapter with HPA, KEDA, or "
        "Planner for autoscaling instead. See docs/kubernetes/autoscaling.md",
    )
