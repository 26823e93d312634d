"""Brings the pods and the status of one Job to what its spec asks for.

Thin: how many pods it takes and when it is over is decided in `jobs`. Pods get seeded names, as those of ReplicaSets.
"""

from lab.simulator.chances import suffix
from lab.simulator.client.caches import Key
from lab.simulator.client.resources import JOBS, Document
from lab.simulator.controllers.jobs import (
    is_finished,
    is_removable,
    job_pod,
    job_status,
    missing,
    progress,
    seconds_until,
    surplus,
)
from lab.simulator.controllers.pod_making import AccountMissingError, PodMaker
from lab.simulator.objects import is_deleting
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World, now


class JobController:
    """Reconciles Jobs."""

    def __init__(self, world: World, *, seed: int, settle: float) -> None:
        self._world = world
        self._seed = seed
        self._made: dict[str, int] = {}  # per Job uid, how many names were tried
        self.maker = PodMaker(world, "job-controller")
        self._statuses = StatusWriter(world.api, JOBS, world.jobs, settle=settle)

    async def __call__(self, key: Key) -> float | None:
        """Bring one Job to rest."""
        job = self._world.jobs.get(key)
        if job is None or is_deleting(job):
            self._statuses.forget(key)
            return None
        moment = now()
        if is_removable(job, moment):
            await self._world.api.delete(JOBS, job)
            return None
        state = progress(job, self._pods(job), moment)
        await self.maker.remove(surplus(job, state))
        failure = await self.maker.make(job, [lambda: self._next_pod(job)] * missing(job, state))
        if not is_finished(job):  # what ended Jobs say does not change, whatever becomes of their pods
            state = progress(job, self._pods(job), moment)
            again = await self._statuses.write(key, job, job_status(job, state, moment), is_final=state.is_finished)
            if again is not None:
                return again
        if failure is not None and not isinstance(failure, AccountMissingError):
            raise failure
        return seconds_until(job, moment)

    def forget(self, uid: str) -> None:
        """Say that a Job is gone."""
        self._made.pop(uid, None)

    def _pods(self, job: Document) -> list[Document]:
        return self._world.pods.by("controller", job["metadata"]["uid"])

    def _next_pod(self, job: Document) -> Document:
        metadata = job["metadata"]
        tried = self._made.get(metadata["uid"], 0)
        self._made[metadata["uid"]] = tried + 1
        return job_pod(job, suffix=suffix(self._seed, metadata["namespace"], metadata["name"], tried))
