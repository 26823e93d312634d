"""Single objects, lists and discovery on a served API: the port `Cluster`, and opening everything at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.core.errors import ConflictError, NotFoundError, PermanentError, UnreachableError
from shared.core.json import Manifest, member, text
from shared.core.resources import Ref, Resource
from shared.kube import discovery, requests
from shared.kube.answers import decode
from shared.kube.credentials import Credentials
from shared.kube.informers import InformerOptions, KubeInformer
from shared.kube.lists import complete_list
from shared.kube.transport import Call, Limits, Observer, Transport, open_transport
from shared.ports.clock import Clock
from shared.ports.cluster import EVERYTHING, Observation, Selection, Snapshot

_VERSION = Call("get", "version", "GET", "/version")


@dataclass(frozen=True, slots=True)
class KubeOptions:
    """Where the API is and how it is asked."""

    kubeconfig: Path | None = None
    context: str = ""
    user_agent: str = "dynamo-platform"
    deadline: timedelta = timedelta(seconds=5)
    write_deadline: timedelta | None = None  # where a write may take less time than a read
    connections: int = 64
    informer: InformerOptions = field(default_factory=InformerOptions)


class _Nobody:
    """Counts nothing."""

    def requested(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Take in one finished request."""

    def watch_restarted(self, resource: str, reason: str) -> None:
        """Take in the end of one watch."""

    def went_away(self, reason: str) -> None:
        """Take in that no connection to the server can be made."""

    def came_back(self) -> None:
        """Take in that the server answers again."""


@dataclass(frozen=True, slots=True)
class KubeCluster:
    """Implements the ports `Cluster` and `Informer` on a served API."""

    transport: Transport
    informer: KubeInformer

    async def get(self, ref: Ref) -> Manifest | None:
        """Return an object, or None where there is none."""
        try:
            return await self._object(requests.get(ref))
        except NotFoundError:
            return None

    async def apply(
        self, manifest: Manifest, *, manager: str, subresource: str = "", force: bool = True, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply."""
        return await self._object(
            requests.apply(manifest, manager=manager, subresource=subresource, force=force, dry_run=dry_run)
        )

    async def create(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Create an object."""
        return await self._object(requests.create(manifest, manager=manager))

    async def patch(
        self, ref: Ref, operations: Sequence[Mapping[str, object]], *, manager: str, subresource: str = ""
    ) -> Manifest:
        """Change an object by a JSON patch."""
        return await self._object(requests.patch(ref, operations, manager=manager, subresource=subresource))

    async def delete(self, ref: Ref, *, uid: str, version: str = "", propagation: str = "Background") -> None:
        """Delete the object with this uid."""
        try:
            await self.transport.send(requests.delete(ref, uid=uid, version=version, propagation=propagation))
        except NotFoundError:
            return
        except ConflictError as error:
            # Another uid under the name: the object that is meant is gone already. Only a version can conflict.
            if version and "UID" not in str(error):
                raise

    async def list(self, resource: Resource, selection: Selection = EVERYTHING) -> Snapshot:
        """Return all objects of a selection."""
        return await complete_list(self.transport, resource, selection, page=self.informer.options.page)

    async def served_groups(self) -> Mapping[str, frozenset[str]]:
        """Return the groups with their resources."""
        return await discovery.served_groups(self.transport)

    async def may(self, verb: str, resource: Resource) -> bool:
        """Return whether the caller may do something with a resource in all namespaces."""
        return member(await self._object(requests.may(verb, resource)), "status", "allowed") is True

    async def version(self) -> str:
        """Return what the server calls its version."""
        return text(await self._object(_VERSION), "gitVersion")

    async def ping(self) -> None:
        """Return when the server answers, whatever it says; raise UnreachableError when it does not."""
        with suppress(PermanentError, ConflictError):
            await self.transport.send(_VERSION)

    def follow(
        self, resource: Resource, selection: Selection = EVERYTHING, *, resume_from: int | None = None
    ) -> AsyncGenerator[Observation, None]:
        """Yield what happens to a resource, for ever."""
        return self.informer.follow(resource, selection, resume_from=resume_from)

    async def _object(self, call: Call) -> Manifest:
        document = decode(await self.transport.send(call))
        if not isinstance(document, dict):
            raise UnreachableError(f"{call}: the answer is no object")
        return document


@asynccontextmanager
async def open_cluster(
    options: KubeOptions, clock: Clock, observer: Observer | None = None
) -> AsyncIterator[KubeCluster]:
    """Open the one session of a process; nothing is asked before the first call."""
    credentials = Credentials(clock, options.kubeconfig, options.context)
    async with open_transport(
        credentials,
        limits=Limits(options.deadline, options.write_deadline or options.deadline, options.connections),
        clock=clock,
        observer=observer or _Nobody(),
        user_agent=options.user_agent,
    ) as transport:
        yield KubeCluster(transport, KubeInformer(transport, clock, options.informer))
