"""Runs the pods of all simulated nodes: writes their status stage by stage, and ends them when they are deleted.

Thin: the stage is decided in `stages`, its words in `pod_status`. Invariant: a stage that lasts less than a second is
not written, the next one is; so a healthy pod costs one write.
"""

from dataclasses import dataclass
from datetime import datetime

from lab.simulator.chances import between
from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.resources import PODS, Document
from lab.simulator.delays import Delays
from lab.simulator.nodes.addresses import Addresses
from lab.simulator.nodes.faults import Fault
from lab.simulator.nodes.pod_status import OURS, Circumstances, pod_status
from lab.simulator.nodes.references import FAILED_MOUNT, Missing, missing
from lab.simulator.nodes.script import Script
from lab.simulator.nodes.shapes import OUR_NODE
from lab.simulator.nodes.stages import Pace, Phase, Stage, Task, stage
from lab.simulator.nodes.start_order import CLIQUE, awaited_by
from lab.simulator.objects import controller_key, differs, has_ended, is_deleting, is_pod_ready, labels_of, moment
from lab.simulator.work.events import Recorder
from lab.simulator.world import World, label_keys, now

BRIEF_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Beginning:
    """Since when a pod is on its node under its present fault."""

    moment: datetime
    fault: Fault | None


class Kubelet:
    """Reconciles pods that have a node of ours."""

    def __init__(self, world: World, script: Script, *, delays: Delays, seed: int) -> None:
        self._world = world
        self._script = script
        self._delays = delays
        self._seed = seed
        self._beginnings: dict[str, Beginning] = {}
        self._addresses = Addresses()
        self._lacking: set[Key] = set()
        self._held: set[Key] = set()
        self._recorder = Recorder(world.api, "kubelet")

    async def __call__(self, key: Key) -> float | None:
        """Bring one pod to its present stage."""
        pod = self._world.pods.get(key)
        node = self._node_of(pod) if pod is not None else None
        if pod is None or node is None or self._script.fault(node, "Node") is Fault.LOST:
            self._lacking.discard(key)
            self._held.discard(key)
            return None
        if is_deleting(pod):
            return await self._end(pod)
        if has_ended(pod):
            return None
        return await self._advance(key, pod, node)

    def lacking(self, namespace: str) -> list[Key]:
        """Return the pods of a namespace that wait for a Secret or ConfigMap."""
        return [key for key in self._lacking if key[0] == namespace]

    def held(self, namespace: str) -> list[Key]:
        """Return the pods of a namespace that wait for pods that start before them."""
        return [key for key in self._held if key[0] == namespace]

    def forget(self, pod: Document) -> None:
        """Say that a pod is gone."""
        uid = pod["metadata"]["uid"]
        self._beginnings.pop(uid, None)
        self._addresses.give_back(uid)
        self._lacking.discard(key_of(pod))
        self._held.discard(key_of(pod))

    def _node_of(self, pod: Document) -> Document | None:
        node = self._world.nodes.get(("", pod["spec"].get("nodeName") or ""))
        return node if node is not None and OUR_NODE in labels_of(node) else None

    async def _advance(self, key: Key, pod: Document, node: Document) -> float | None:
        fault = self._script.fault(pod, "Pod")
        elapsed = (now() - self._beginning(pod, fault)).total_seconds()
        reached = self._hold(key, pod) or stage(self._pace(pod), fault, elapsed)
        lacks = self._lack(key, pod, reached)
        if lacks is None and reached.until is not None and reached.until - elapsed < BRIEF_SECONDS:
            return reached.until - elapsed
        await self._write(pod, node, reached=reached, lacks=lacks)
        if lacks is not None or reached.until is None:
            return None
        return reached.until - elapsed

    def _hold(self, key: Key, pod: Document) -> Stage | None:
        """Return the stage of a pod whose predecessors are not ready; once it has begun, nobody holds it any more."""
        awaited = awaited_by(pod)
        has_begun = not awaited or any(found.get("started") for found in _container_statuses(pod))
        if has_begun or all(self._ready_pods(key[0], name) >= number for name, number in awaited.items()):
            self._held.discard(key)
            return None
        self._held.add(key)
        return Stage(Phase.CREATING, 0, None)

    def _ready_pods(self, namespace: str, clique: str) -> int:
        (index,) = label_keys(namespace, [(CLIQUE, clique)])
        return sum(1 for pod in self._world.pods.by("label", index) if is_pod_ready(pod))

    def _beginning(self, pod: Document, fault: Fault | None) -> datetime:
        uid = pod["metadata"]["uid"]
        known = self._beginnings.get(uid)
        if known is None:
            started = (pod.get("status") or {}).get("startTime")  # of an earlier run of this program
            known = self._beginnings[uid] = Beginning(moment(started) if started else now(), fault)
        elif known.fault is not fault:
            known = self._beginnings[uid] = Beginning(now(), fault)
        return known.moment

    def _pace(self, pod: Document) -> Pace:
        namespace, name = key_of(pod)
        delays = self._delays
        return Pace(
            until_running=between(*delays.start, self._seed, namespace, name, "start") / delays.speed,
            until_ready=between(*delays.ready, self._seed, namespace, name, "ready") / delays.speed,
            task=self._task(pod),
            speed=delays.speed,
        )

    def _task(self, pod: Document) -> Task | None:
        if controller_key(pod, "Job") is None:
            return None
        seconds = between(*self._delays.run, self._seed, *key_of(pod), "run") / self._delays.speed
        return Task(seconds, is_repeated=pod["spec"].get("restartPolicy") == "OnFailure")

    def _lack(self, key: Key, pod: Document, reached: Stage) -> Missing | None:
        has_run = any("running" in (found.get("state") or {}) for found in _container_statuses(pod))
        lacks = None
        if not has_run and reached.phase is not Phase.CREATING:
            lacks = missing(pod, secrets=self._secret_keys, config_maps=self._config_map_keys)
        if lacks is None:
            if key in self._lacking:
                self._lacking.discard(key)
        else:
            self._lacking.add(key)
        return lacks

    def _secret_keys(self, namespace: str, name: str) -> list[str] | None:
        found = self._world.secrets.get((namespace, name))
        return None if found is None else list(found["keys"])

    def _config_map_keys(self, namespace: str, name: str) -> list[str] | None:
        found = self._world.config_maps.get((namespace, name))
        return None if found is None else list(found["keys"])

    async def _write(self, pod: Document, node: Document, *, reached: Stage, lacks: Missing | None) -> None:
        fault = self._script.fault(pod, "Pod")
        circumstances = Circumstances(
            stage=reached,
            fault=fault,
            missing=lacks,
            host_ip=_host_ip(node),
            pod_ip=self._addresses.take(pod["metadata"]["uid"], (pod.get("status") or {}).get("podIP")),
            began=self._beginning(pod, fault),
            now=now(),
        )
        status = pod_status(pod, circumstances)
        if differs(status, pod.get("status") or {}, OURS):
            answer = await self._world.api.patch(PODS, pod, {"status": status}, subresource="status")
            self._world.pods.observe(answer)
        if lacks is not None:
            reason = lacks.reason if lacks.reason == FAILED_MOUNT else "Failed"
            text = lacks.message if lacks.reason == FAILED_MOUNT else f"Error: {lacks.message}"
            await self._recorder.warn(pod, reason, text)

    async def _end(self, pod: Document) -> float | None:
        grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        uid = pod["metadata"]["uid"]
        takes = between(*self._delays.stop, self._seed, uid, "stop") / self._delays.speed
        deadline = moment(pod["metadata"]["deletionTimestamp"])
        if grace > 0 and (remaining := min(takes, (deadline - now()).total_seconds())) > 0:
            key = f"{uid}/stop"
            began = self._beginnings.setdefault(key, Beginning(now(), None)).moment
            left = remaining - (now() - began).total_seconds()
            if left > 0:
                return left
            self._beginnings.pop(key, None)
        await self._world.api.delete(PODS, pod, grace_period=0)
        return None


def _container_statuses(pod: Document) -> list[Document]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _host_ip(node: Document) -> str:
    addresses = (node.get("status") or {}).get("addresses") or ()
    return next((str(found["address"]) for found in addresses if found["type"] == "InternalIP"), "")
