"""Decides what a pod's status says at a stage of its life.

Pure. Reasons, messages and order of conditions are the kubelet's. Invariant: what did not change keeps its times and
ids, so that a pod at rest is never written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from lab.simulator.client.resources import Document
from lab.simulator.nodes.faults import Fault
from lab.simulator.nodes.references import CONFIGURATION_ERROR, Missing
from lab.simulator.nodes.stages import Pace, Phase, Stage
from lab.simulator.objects import FALSE, TRUE, condition, timestamp

OURS: Final = (
    "phase",
    "conditions",
    "containerStatuses",
    "initContainerStatuses",
    "hostIP",
    "hostIPs",
    "podIP",
    "podIPs",
    "startTime",
)
_STARTED: Final = (Phase.RUNNING, Phase.READY, Phase.CRASHED, Phase.CRASH_BACK_OFF, Phase.SUCCEEDED, Phase.FAILED)
_ENDED: Final[Mapping[Phase, tuple[str, str]]] = {
    Phase.SUCCEEDED: ("Succeeded", "PodCompleted"),
    Phase.FAILED: ("Failed", "PodFailed"),
}
_CONDITIONS: Final = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a pod's status depends on besides the pod."""

    stage: Stage
    fault: Fault | None
    missing: Missing | None
    host_ip: str
    pod_ip: str
    began: datetime
    now: datetime


def pod_status(pod: Document, at: Circumstances) -> Document:
    """Return the fields of the status that a kubelet writes."""
    has_started = at.missing is None and at.stage.phase in _STARTED
    has_network = has_started or (at.missing is None and at.stage.phase is not Phase.CREATING)
    has_network = has_network or (at.missing is not None and at.missing.reason == CONFIGURATION_ERROR)
    known = pod.get("status") or {}
    status: Document = {
        "phase": _phase(at, has_started=has_started),
        "conditions": _conditions(pod, at, has_network=has_network),
        "containerStatuses": _containers(pod, at),
        "hostIP": at.host_ip,
        "hostIPs": [{"ip": at.host_ip}],
        "startTime": known.get("startTime") or timestamp(at.began),
    }
    if has_network:
        ip = at.host_ip if pod["spec"].get("hostNetwork") else known.get("podIP") or at.pod_ip
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = _init_containers(pod, at, has_started=has_started)
    return status


def _phase(at: Circumstances, *, has_started: bool) -> str:
    if at.missing is None and at.stage.phase in _ENDED:
        return _ENDED[at.stage.phase][0]
    return "Running" if has_started else "Pending"


def restart_message(pod: Document, container: str, restarts: int) -> str:
    """Return what the kubelet says while it waits before the next restart."""
    metadata = pod["metadata"]
    pause = int(Pace.nominal_back_off(restarts))
    readable = f"{pause // 60}m{pause % 60}s" if pause >= 60 else f"{pause}s"
    where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    return f"back-off {readable} restarting failed container={container} pod={where}"


def _conditions(pod: Document, at: Circumstances, *, has_network: bool) -> list[Document]:
    names = [container["name"] for container in pod["spec"].get("containers") or ()]
    is_ready = at.missing is None and at.stage.phase is Phase.READY
    unready = ("ContainersNotReady", f"containers with unready status: [{' '.join(names)}]")
    if at.missing is None and at.stage.phase in _ENDED:
        unready = (_ENDED[at.stage.phase][1], "")
    waits_for_init = bool(pod["spec"].get("initContainers")) and not has_network
    init_names = [container["name"] for container in pod["spec"].get("initContainers") or ()]
    incomplete = ("ContainersNotInitialized", f"containers with incomplete status: [{' '.join(init_names)}]")
    says: Mapping[str, tuple[str, tuple[str, str] | None]] = {
        "PodReadyToStartContainers": (TRUE if has_network else FALSE, None),
        "Initialized": (FALSE, incomplete) if waits_for_init else (TRUE, None),
        "Ready": (TRUE, None) if is_ready else (FALSE, unready),
        "ContainersReady": (TRUE, None) if is_ready else (FALSE, unready),
        "PodScheduled": (TRUE, None),
    }
    others = [
        found for found in (pod.get("status") or {}).get("conditions") or () if found.get("type") not in _CONDITIONS
    ]
    return [_condition(pod, kind, says=says[kind], now=at.now) for kind in _CONDITIONS] + others


def _condition(pod: Document, kind: str, *, says: tuple[str, tuple[str, str] | None], now: datetime) -> Document:
    known, (status, why) = condition(pod, kind), says
    made: Document = {"type": kind, "status": status, "lastTransitionTime": timestamp(now)}
    if known is not None and known.get("status") == status:
        made["lastTransitionTime"] = known.get("lastTransitionTime") or timestamp(now)
    if why is not None:
        made |= {"reason": why[0]} | ({"message": why[1]} if why[1] else {})
    if known is not None and "lastProbeTime" in known:
        made["lastProbeTime"] = known["lastProbeTime"]
    return made


def _containers(pod: Document, at: Circumstances) -> list[Document]:
    known = _by_name(pod, "containerStatuses")
    return [
        _container(pod, container, at=at, known=known.get(container["name"]) or {})
        for container in pod["spec"].get("containers") or ()
    ]


def _container(pod: Document, container: Document, *, at: Circumstances, known: Document) -> Document:
    restarts, phase = at.stage.restarts, at.stage.phase
    state = _state(pod, container, at)
    has_started = "waiting" not in state or phase is Phase.CRASH_BACK_OFF
    identity = f"{pod['metadata']['uid']}/{container['name']}/{restarts}"
    made: Document = {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": _image_id(container) if has_started else "",
        "ready": at.missing is None and phase is Phase.READY,
        "started": at.missing is None and phase in (Phase.RUNNING, Phase.READY),
        "restartCount": restarts,
        "state": _with_known_times(state, known),
        "lastState": {},
    }
    if has_started:
        made["containerID"] = f"containerd://{sha256(identity.encode()).hexdigest()}"
    if restarts or phase is Phase.CRASH_BACK_OFF:
        last = {"terminated": _terminated(at)}
        made["lastState"] = (known.get("lastState") or {}) if restarts == known.get("restartCount") else last
        made["lastState"] = made["lastState"] or last
    return made


def _state(pod: Document, container: Document, at: Circumstances) -> Document:
    if at.missing is not None:
        if at.missing.reason == CONFIGURATION_ERROR:
            return _waiting(CONFIGURATION_ERROR, at.missing.message)
        return _waiting("ContainerCreating")
    return _STATES[at.stage.phase](pod, container, at)


def _waiting(reason: str, message: str | None = None) -> Document:
    return {"waiting": {"reason": reason} | ({"message": message} if message is not None else {})}


def _terminated(at: Circumstances) -> Document:
    ran_out = at.fault is Fault.OUT_OF_MEMORY
    return {
        "exitCode": 137 if ran_out else 1,
        "reason": "OOMKilled" if ran_out else "Error",
        "startedAt": timestamp(at.now),
        "finishedAt": timestamp(at.now),
    }


def _completed(at: Circumstances) -> Document:
    return {"exitCode": 0, "reason": "Completed", "startedAt": timestamp(at.began), "finishedAt": timestamp(at.now)}


def _pull_failed(pod: Document, container: Document, at: Circumstances) -> Document:
    image = container.get("image", "")
    text = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
    return _waiting("ErrImagePull", f"rpc error: code = NotFound desc = {text}")


_State = Callable[[Document, Document, Circumstances], Document]
_STATES: Final[Mapping[Phase, _State]] = {
    Phase.CREATING: lambda pod, container, at: _waiting(
        "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
    ),
    Phase.RUNNING: lambda pod, container, at: {"running": {"startedAt": timestamp(at.now)}},
    Phase.READY: lambda pod, container, at: {"running": {"startedAt": timestamp(at.now)}},
    Phase.PULL_FAILED: _pull_failed,
    Phase.PULL_BACK_OFF: lambda pod, container, at: _waiting(
        "ImagePullBackOff", f'Back-off pulling image "{container.get("image", "")}"'
    ),
    Phase.CRASHED: lambda pod, container, at: {"terminated": _terminated(at)},
    Phase.SUCCEEDED: lambda pod, container, at: {"terminated": _completed(at)},
    Phase.FAILED: lambda pod, container, at: {"terminated": _terminated(at)},
    Phase.CRASH_BACK_OFF: lambda pod, container, at: _waiting(
        "CrashLoopBackOff", restart_message(pod, container["name"], at.stage.restarts)
    ),
}


def _init_containers(pod: Document, at: Circumstances, *, has_started: bool) -> list[Document]:
    known = _by_name(pod, "initContainerStatuses")
    made = []
    for container in pod["spec"]["initContainers"]:
        is_side_car = container.get("restartPolicy") == "Always"
        state: Document = _waiting("PodInitializing")
        if has_started and is_side_car:
            state = {"running": {"startedAt": timestamp(at.now)}}
        elif has_started:
            state = {"terminated": _completed(at)}
        made.append(
            {
                "name": container["name"],
                "image": container.get("image", ""),
                "imageID": _image_id(container) if has_started else "",
                "ready": has_started,
                "started": has_started and is_side_car,
                "restartCount": 0,
                "state": _with_known_times(state, known.get(container["name"]) or {}),
                "lastState": {},
            }
        )
    return made


def _with_known_times(state: Document, known: Document) -> Document:
    """Keep what is known of the same state: a running container started when it started."""
    kind = next(iter(state))
    before: dict[str, Any] | None = (known.get("state") or {}).get(kind)
    if before is None or before.get("reason") != state[kind].get("reason"):
        return state
    times = {field: before[field] for field in ("startedAt", "finishedAt") if field in before}
    return {kind: {**state[kind], **times}}


def _by_name(pod: Document, field: str) -> dict[str, Document]:
    return {status["name"]: status for status in (pod.get("status") or {}).get(field) or ()}


def _image_id(container: Document) -> str:
    image = str(container.get("image", ""))
    return f"{image}@sha256:{sha256(image.encode()).hexdigest()}"
