"""A Kubernetes API in memory: the ports `Cluster` and `Informer`, and the hands of everybody else in the cluster.

It keeps the rules that the platform leans on (versions, generations, ownership, guards, finalizers, garbage), knows
no schema beyond `cluster_kinds`, and does nothing by itself: no defaults, no controllers. The contract suite holds it
to a served API. What other actors do is synchronous, so that a test can do it between any two requests of a pass.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import orjson

from shared.core.errors import NotFoundError, PlatformError, UnknownResultError, UnreachableError
from shared.core.json import Manifest
from shared.core.objects import ref_of, uid_of
from shared.core.resources import NAMESPACES, Ref, Resource
from shared.ports.clock import Clock
from shared.ports.cluster import EVERYTHING, Observation, Selection, Snapshot
from shared.testing.clock import FakeClock
from shared.testing.cluster_faults import Delay, Intercept, LoseAnswer, LoseRequest, Refuse, Request, Verb, no_fault
from shared.testing.cluster_objects import Objects
from shared.testing.cluster_watches import Watches
from shared.testing.cluster_writes import Write, guard

Answer = TypeVar("Answer")


class FakeCluster:
    """One cluster; `intercept` and `watches.delay` perturb it, `requests` tells what it was asked."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        namespaces: Iterable[str] = ("default", "kube-system"),
        collects_at_once: bool = True,
    ) -> None:
        """Begin with some namespaces and nothing in them."""
        self.clock = clock or FakeClock()
        self.objects = Objects(self._time, collects_at_once=collects_at_once)
        self.watches = Watches(self.objects, self.clock)
        self.requests: list[Request] = []
        self.intercept: Intercept = no_fault
        self._numbers = itertools.count(1)
        for name in namespaces:
            self.add_namespace(name)

    # The port Cluster

    async def get(self, ref: Ref) -> Manifest | None:
        """Return an object, or None where there is none."""
        return await self._serve(self._request("get", ref), lambda: self.peek(ref))

    async def apply(
        self, manifest: Manifest, *, manager: str, subresource: str = "", force: bool = True, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply."""
        ref = ref_of(manifest)
        sent = _copy(manifest)
        request = self._request("apply", ref, manager=manager, subresource=subresource)
        return await self._serve(
            request,
            lambda: _copy(self.objects.apply(self._write(request), sent, force=force, dry_run=dry_run)),
        )

    async def create(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Create an object."""
        sent = _copy(manifest)
        request = self._request("create", ref_of(manifest), manager=manager)
        return await self._serve(request, lambda: _copy(self.objects.create(self._write(request), sent)))

    async def patch(
        self, ref: Ref, operations: Sequence[Mapping[str, object]], *, manager: str, subresource: str = ""
    ) -> Manifest:
        """JSON patch."""
        sent = [dict(operation) for operation in operations]
        request = self._request("patch", ref, manager=manager, subresource=subresource)
        return await self._serve(request, lambda: _copy(self.objects.patch(self._write(request), ref, sent)))

    async def delete(self, ref: Ref, *, uid: str, version: str = "", propagation: str = "Background") -> None:
        """Delete the object with this uid."""

        def delete() -> None:
            live = self.objects.stored.get(ref)
            if live is None or uid_of(live) != uid:
                return
            guard(live, {"metadata": {"resourceVersion": version}})
            self.objects.delete(ref, propagation=propagation)

        await self._serve(self._request("delete", ref), delete)

    async def list(self, resource: Resource, selection: Selection = EVERYTHING) -> Snapshot:
        """Return all objects of a selection."""

        def listed() -> Snapshot:
            if resource not in self.objects.served:
                raise NotFoundError(f"the server does not serve {resource.group_resource}")
            return self.watches.snapshot(resource, selection)

        return await self._serve(self._request("list", Ref(resource, selection.namespace, "")), listed)

    async def may(self, verb: str, resource: Resource) -> bool:
        """Return that the caller may do everything."""
        return True

    async def version(self) -> str:
        """Return what the server calls its version."""
        return "fake"

    async def served_groups(self) -> Mapping[str, frozenset[str]]:
        """Return the groups with their resources."""
        await asyncio.sleep(0)
        groups: dict[str, set[str]] = {}
        for resource in self.objects.served:
            groups.setdefault(resource.group, set()).add(resource.plural)
        return {group: frozenset(plurals) for group, plurals in groups.items()}

    # The port Informer

    def follow(
        self, resource: Resource, selection: Selection = EVERYTHING, *, resume_from: int | None = None
    ) -> AsyncGenerator[Observation, None]:
        """Yield what happens to a resource."""
        return self.watches.follow(resource, selection, resume_from)

    # Everybody else

    def peek(self, ref: Ref) -> Manifest | None:
        """Return a copy of an object as it is stored."""
        live = self.objects.stored.get(ref)
        return None if live is None or ref.resource not in self.objects.served else _copy(live)

    def all(self, resource: Resource) -> tuple[Manifest, ...]:
        """Return copies of all objects of a resource, by namespace and name."""
        return tuple(_copy(item) for item in self.objects.of(resource))

    def put(self, manifest: Manifest, *, manager: str = "kubectl") -> Manifest:
        """Create an object, or give the one that has its name this content."""
        ref, sent = ref_of(manifest), _copy(manifest)
        write = Write(ref.resource, manager, self._time())
        if ref not in self.objects.stored:
            return _copy(self.objects.create(write, sent))
        return _copy(self.objects.replace(write, ref, lambda live: _over(live, sent)))

    def edit(self, ref: Ref, change: Callable[[Manifest], None], *, manager: str = "kubectl") -> Manifest:
        """Change an object in place."""

        def edited(live: Manifest) -> Manifest:
            change(live)
            return live

        return _copy(self.objects.replace(Write(ref.resource, manager, self._time()), ref, edited))

    def set_status(self, ref: Ref, status: Mapping[str, object], *, manager: str = "kube-controller") -> Manifest:
        """Give an object a status, as its controller would."""
        write = Write(ref.resource, manager, self._time(), subresource="status")
        return _copy(self.objects.replace(write, ref, lambda live: {**live, "status": _copy(dict(status))}))

    def remove(self, ref: Ref) -> None:
        """Delete an object, or mark it while finalizers hold it."""
        self.objects.delete(ref)

    def add_namespace(self, name: str) -> Manifest:
        """Make a namespace."""
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        return _copy(self.objects.create(Write(NAMESPACES, "kubectl", self._time()), manifest))

    def serve(self, resource: Resource) -> None:
        """Begin to serve a resource, as after its definition was made."""
        self.objects.served.add(resource)
        self.watches.serving_changed(resource)

    def stop_serving(self, resource: Resource) -> None:
        """Delete a resource with all its objects, as with its definition."""
        for ref in [ref for ref in self.objects.stored if ref.resource == resource]:
            del self.objects.stored[ref]
        self.objects.served.discard(resource)
        self.watches.serving_changed(resource)

    def expire_history(self) -> None:
        """Forget the log: a watch cannot be resumed from any version so far."""
        self.objects.changes.clear()
        self.objects.oldest = self.objects.version

    @property
    def writes(self) -> tuple[Request, ...]:
        """Return the requests that could change something."""
        return tuple(request for request in self.requests if request.is_write)

    async def _serve(self, request: Request, answer: Callable[[], Answer]) -> Answer:
        await asyncio.sleep(0)  # as on a network, others go on before the request arrives, and before its answer does
        self.requests.append(request)
        lost: PlatformError | None = None
        match self.intercept(request):
            case Refuse(error):
                raise error
            case LoseRequest():
                raise _lost(request)
            case LoseAnswer():
                lost = _lost(request)
            case Delay(by):
                await self.clock.sleep(by)
            case None:
                pass
        result = answer()
        await asyncio.sleep(0)
        if lost is not None:
            raise lost
        return result

    def _request(self, verb: Verb, ref: Ref, *, manager: str = "", subresource: str = "") -> Request:
        return Request(next(self._numbers), verb, ref.resource, ref.namespace, ref.name, manager, subresource)

    def _write(self, request: Request) -> Write:
        return Write(request.resource, request.manager, self._time(), request.subresource)

    def _time(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _over(live: Manifest, sent: Manifest) -> Manifest:
    return {**sent, "metadata": {"resourceVersion": live["metadata"]["resourceVersion"], **sent["metadata"]}}


def _lost(request: Request) -> PlatformError:
    kind = UnknownResultError if request.is_write else UnreachableError
    return kind(f"{request.verb} {request.resource.plural}/{request.name}: the answer was lost")


def _copy(manifest: Manifest) -> Manifest:
    copied: Manifest = orjson.loads(orjson.dumps(manifest))
    return copied
