"""Copying the SSH keys of multi-node TensorRT-LLM workers into the namespaces of their graphs, before their workloads.

The keys go from the API server to the API server: nothing of them is kept, logged or recorded. Graphs of one namespace
share the copy, so each write is one that may be doubled: a creation that finds a copy is done, and a refresh is guarded
by the copy's version. Nothing is ever deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.desired.problems import Problem
from services.reconciler.desired.ssh_secrets import (
    CANNOT_REPLICATE,
    copied_version,
    is_copy,
    needs_ssh_keys,
    no_source,
    refreshed,
    source_ref,
    ssh_copy,
    unreplicated,
    version_of_source,
)
from shared.api.platform import MpiSecret
from shared.contracts.facts import SSH_SOURCE, decode_ssh_source
from shared.contracts.ownership import SEEDS
from shared.core.errors import AlreadyExistsError, PermanentError, UnreachableError
from shared.core.json import Manifest
from shared.core.objects import namespace_of
from shared.core.refusals import without_values
from shared.core.resources import SECRETS, Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Decision, Decisions, Work


@dataclass(frozen=True, slots=True)
class SshSecrets:
    """Give namespaces the keys that their graphs need."""

    cluster: Cluster
    decisions: Decisions
    settings: MpiSecret

    async def provide(self, graph: Manifest, work: Work) -> Problem | None:
        """Bring the copy in the graph's namespace about; return what keeps it from being there."""
        if not needs_ssh_keys(graph):
            return None
        source = source_ref(self.settings)
        target = Ref(SECRETS, namespace_of(graph), source.name)
        try:
            copy = await self.cluster.get(target)
        except PermanentError as error:
            return unreplicated(source, f"failed to check target secret: {without_values(str(error))}")
        if copy is None:
            return await self._create(source, target, work)
        if is_copy(copy) and copied_version(copy) != self._newest(work):
            return await self._refresh(source, copy, work)
        return None

    def _newest(self, work: Work) -> str:
        recorded = work.facts.get(SSH_SOURCE)
        return "" if recorded is None else decode_ssh_source(recorded)

    async def _create(self, source: Ref, target: Ref, work: Work) -> Problem | None:
        original = await self._original(source)
        if isinstance(original, Problem):
            return original
        if original is None:
            return no_source(source)
        work.fence.check()
        try:
            await self.cluster.create(ssh_copy(original, target.namespace), manager=SEEDS)
        except AlreadyExistsError:
            return None  # another graph's pass was faster
        except PermanentError as error:
            return unreplicated(source, f"failed to create replica: {without_values(str(error))}")
        except UnreachableError as error:
            raise UnreachableError(f"{CANNOT_REPLICATE}: failed to create replica: {error}") from error
        self._tell(work, f"copied Secret {source.namespace}/{source.name} to namespace {target.namespace}")
        return None

    async def _refresh(self, source: Ref, copy: Manifest, work: Work) -> Problem | None:
        """Bring a copy to its source's newest version; while there is no source, what was copied serves."""
        original = await self._original(source)
        if isinstance(original, Problem):
            return original
        if original is None or copied_version(copy) == version_of_source(original):
            return None
        work.fence.check()
        target = Ref(SECRETS, namespace_of(copy), source.name)
        try:
            await self.cluster.patch(target, refreshed(copy, original), manager=SEEDS)
        except PermanentError as error:
            return unreplicated(source, f"failed to refresh replica: {without_values(str(error))}")
        self._tell(work, f"refreshed Secret {source.name} in namespace {target.namespace}")
        return None

    async def _original(self, source: Ref) -> Manifest | Problem | None:
        try:
            return await self.cluster.get(source) if source.namespace else None
        except PermanentError as error:
            return unreplicated(source, f"error getting source secret: {without_values(str(error))}")

    def _tell(self, work: Work, message: str) -> None:
        self.decisions.record(
            Decision(work.primary, "copied", message, correlation=work.correlation, causation=work.cause)
        )
