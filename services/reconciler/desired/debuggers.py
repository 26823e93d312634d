"""The debugger sidecar that an annotation adds to a component's pods."""

from __future__ import annotations

from services.reconciler.desired.component import Component
from shared.api.platform import PlatformContext
from shared.core.json import Manifest

ENABLE = "nvidia.com/enable-debug-mode"
STEAL_TRAFFIC = "nvidia.com/enable-stealing-traffic-debug-mode"  # read to say that it has no effect (W-30)


def is_debugged(component: Component) -> bool:
    """Return whether the component asks for the sidecar."""
    return component.annotations.get(ENABLE) == "true"


def debugger(platform: PlatformContext) -> Manifest:
    """Return the sidecar: a shell that may look into the processes beside it."""
    return {
        "name": "debugger",
        "image": platform.debugger.image,
        "command": ["sleep", "infinity"],
        "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}},
        "resources": {
            "requests": {"cpu": "100m", "memory": "100Mi"},
            "limits": {"cpu": "1", "memory": "1000Mi"},
        },
        "stdin": True,
        "tty": True,
    }
