"""Keeps three things in step: the certificate secrets, the pair that is served, and what the API server trusts.

One pass reads all of them, takes the steps that `certificates.plans` decides, and proves the result with a handshake.
Passes start when one of the objects changes and when a certificate is due; in between nothing is asked. Several
replicas may do the same at the same time: every write is guarded, and who loses reads again. What was registered once
stays served, whatever happens to the API server afterwards.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

import structlog

from services.webhook import metrics
from services.webhook.certificates.inspection import life_of
from services.webhook.certificates.pairs import new_authority, new_serving_pair
from services.webhook.certificates.plans import (
    Authority,
    DropPrevious,
    MakeAuthority,
    MakeServing,
    Serve,
    Serving,
    Wishes,
    next_step,
)
from services.webhook.certificates.secrets import (
    authority_data,
    new_secret,
    read_authority,
    read_serving,
    replacement,
    serving_data,
)
from services.webhook.listener import Listener
from services.webhook.registrations import Endpoint, registration, trusted_bundle, unregistered
from services.webhook.reviews.kinds import ReviewedKind
from shared.core.errors import ConflictError, NotFoundError, PlatformError, UnreachableError
from shared.core.json import Manifest, items, text
from shared.core.resources import SECRETS, VALIDATING_WEBHOOKS, Ref
from shared.ports.clock import Clock
from shared.ports.cluster import Bookmark, Cluster, Informer, Selection
from shared.runtime.health import Readiness

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MANAGER = "dynamo-webhook"
CHECK = "registration"  # the readiness check
STEPS = 8  # of one pass; a whole change of authority takes fewer
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
REPAIRS, REPAIR_WINDOW = 3, timedelta(minutes=1)  # more than that is a quarrel with another writer
LONGEST_REST = timedelta(days=1)  # also catches up with a clock that was set


@dataclass(frozen=True, slots=True)
class Names:
    """The objects that are kept in step."""

    serving: Ref
    authority: Ref
    configuration: Ref


def names(*, namespace: str, secret: str, configuration: str) -> Names:
    """Return the objects of an installation."""
    return Names(
        Ref(SECRETS, namespace, secret),
        Ref(SECRETS, namespace, f"{secret}-ca"),
        Ref(VALIDATING_WEBHOOKS, "", configuration),
    )


@dataclass(slots=True)
class Upkeep:
    """The upkeep of one replica."""

    cluster: Cluster
    informer: Informer
    clock: Clock
    names: Names
    kinds: Sequence[ReviewedKind]
    wishes: Wishes
    endpoint: Endpoint
    listener: Listener
    readiness: Readiness
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _is_registered: bool = False
    _trouble: str = ""
    _repairs: deque[float] = field(default_factory=lambda: deque(maxlen=REPAIRS))

    def __post_init__(self) -> None:
        """Be not ready until the first pass has come to its end."""
        self.readiness.wait(CHECK, "no certificate is served yet")

    async def run(self) -> None:
        """Keep everything in step, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for ref in (self.names.serving, self.names.authority, self.names.configuration):
                tasks.create_task(self._follow(ref), name=f"follow {ref}")
            tasks.create_task(self._keep(), name="upkeep")

    async def settle(self) -> datetime:
        """Do one pass and return when the next one is due by time; raise what keeps it from its end."""
        configuration = await self.cluster.get(self.names.configuration)
        trusted = trusted_bundle(configuration, self.kinds) if configuration is not None else b""
        step = await self._take_steps(trusted)
        await self.listener.serve(step.pair)
        self._measure(step)
        if configuration is None:
            raise NotFoundError(f"{self.names.configuration} is missing: apply the base objects")
        missing = unregistered(configuration, self.kinds)
        if missing:
            raise NotFoundError(f"{self.names.configuration} has no entry {', '.join(missing)}")
        if await self._register(configuration, step.bundle):
            return self.clock.now()  # the next step may have waited for this bundle
        await self.listener.prove(step.bundle, self.wishes.hosts[0])
        self._is_registered = True
        self.readiness.clear(CHECK)
        return step.look_again

    async def _follow(self, ref: Ref) -> None:
        selection = Selection(namespace=ref.namespace, field_selector=f"metadata.name={ref.name}")
        async for observation in self.informer.follow(ref.resource, selection):
            if not isinstance(observation, Bookmark):
                self._changed.set()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._changed.clear()
            try:
                due = await self.settle()
            except (PlatformError, OSError) as error:
                self._say(str(error))
                rest, pause = pause, min(pause * 2, LONGEST_PAUSE)
            else:
                self._trouble = ""
                rest, pause = min(max(due - self.clock.now(), timedelta()), LONGEST_REST), FIRST_PAUSE
            await self._rest(rest * random.uniform(0.9, 1.0))

    def _say(self, trouble: str) -> None:
        if not self._is_registered:
            self.readiness.wait(CHECK, trouble)
        if trouble != self._trouble:
            log.warning("registration waits", reason=trouble)
        self._trouble = trouble

    async def _rest(self, limit: timedelta) -> None:
        """Wait for a change, at most for a time."""
        async with asyncio.TaskGroup() as tasks:
            waits = {
                tasks.create_task(self._changed.wait(), name="wait for a change"),
                tasks.create_task(self.clock.sleep(limit), name="wait for the time"),
            }
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in waits:
                task.cancel()

    async def _take_steps(self, trusted: bytes) -> Serve:
        for _ in range(STEPS):
            serving_secret = await self.cluster.get(self.names.serving)
            authority_secret = await self.cluster.get(self.names.authority)
            now = self.clock.now()
            step = next_step(
                read_serving(serving_secret),
                read_authority(authority_secret),
                trusted=trusted,
                wishes=self.wishes,
                now=now,
            )
            match step:
                case Serve():
                    return step
                case MakeAuthority(previous):
                    authority = Authority(new_authority(now), previous)
                    await self._write(self.names.authority, authority_secret, authority_data(authority))
                case MakeServing(pair):
                    issued = new_serving_pair(pair, self.wishes.hosts, now=now, life=self.wishes.life)
                    data = serving_data(Serving(issued, pair.certificate))
                    await self._write(self.names.serving, serving_secret, data)
                case DropPrevious(authority):
                    data = authority_data(Authority(authority.pair))
                    await self._write(self.names.authority, authority_secret, data)
                case _:
                    assert_never(step)
        raise UnreachableError(f"the certificates did not settle in {STEPS} steps: someone else writes them too")

    async def _write(self, ref: Ref, live: Manifest | None, data: dict[str, bytes]) -> None:
        try:
            if live is None:
                await self.cluster.create(new_secret(ref.namespace, ref.name, data), manager=MANAGER)
            else:
                await self.cluster.patch(ref, replacement(live, data), manager=MANAGER)
        except NotFoundError:
            raise
        except ConflictError:
            log.info("another replica wrote first", secret=str(ref))
            return
        log.info("certificate written", secret=str(ref))

    async def _register(self, configuration: Manifest, bundle: bytes) -> bool:
        patch = registration(configuration, self.kinds, endpoint=self._endpoint(), bundle=bundle)
        if not patch:
            return False
        now = self.clock.elapsed()
        if len(self._repairs) == REPAIRS and now - self._repairs[0] < REPAIR_WINDOW.total_seconds():
            raise ConflictError(f"{self.names.configuration} is changed again and again by {_writers(configuration)}")
        self._repairs.append(now)
        await self.cluster.patch(self.names.configuration, patch, manager=MANAGER)
        metrics.REGISTRATIONS.labels(metrics.SERVICE).inc()
        log.info("webhook registered", configuration=self.names.configuration.name, url=self._endpoint().url or None)
        return True

    def _endpoint(self) -> Endpoint:
        # The port is known only when it is bound.
        if not self.endpoint.url:
            return self.endpoint
        url = f"{self.endpoint.url}:{self.listener.port}"
        return Endpoint(self.endpoint.service, self.endpoint.namespace, url)

    def _measure(self, step: Serve) -> None:
        for kind, certificate in (("serving", step.pair.certificate), ("ca", step.bundle)):
            life = life_of(certificate)
            if life is not None:
                gauge = metrics.CERTIFICATE_EXPIRY.labels(metrics.SERVICE, kind)
                gauge.set_function(partial(self._seconds_until, life.end))

    def _seconds_until(self, end: datetime) -> float:
        return (end - self.clock.now()).total_seconds()


def _writers(manifest: Manifest) -> str:
    managers = {text(each, "manager") for each in items(manifest, "metadata", "managedFields")} - {"", MANAGER}
    return ", ".join(sorted(managers)) or "another replica"
