"""Says what wakes the controllers of StatefulSets, Jobs and claims."""

from lab.simulator.client.resources import Document
from lab.simulator.controllers.claim_controller import ClaimController
from lab.simulator.controllers.job_controller import JobController
from lab.simulator.controllers.stateful_set_controller import StatefulSetController
from lab.simulator.controllers.wakes import wake_by_accounts, wake_by_controlled, wake_by_own
from lab.simulator.delays import Delays
from lab.simulator.work.workers import Controller
from lab.simulator.world import World


class Batch:
    """The controllers of what comes with numbers, ends, or stores."""

    def __init__(self, world: World, delays: Delays, *, seed: int) -> None:
        settle = delays.settle / delays.speed
        sets, self._jobs = StatefulSetController(world, settle=settle), JobController(world, seed=seed, settle=settle)
        stateful_sets, jobs = Controller("statefulsets", sets), Controller("jobs", self._jobs)
        claims = Controller("persistentvolumeclaims", ClaimController(world))
        wake_by_own(world.stateful_sets, stateful_sets)
        wake_by_controlled(world.pods, "StatefulSet", stateful_sets)
        wake_by_accounts(world, sets.maker, stateful_sets)
        wake_by_own(world.jobs, jobs)
        wake_by_controlled(world.pods, "Job", jobs)
        wake_by_accounts(world, self._jobs.maker, jobs)
        wake_by_own(world.claims, claims)
        world.jobs.listen(self._job_changed)
        self.controllers = stateful_sets, jobs, claims

    def _job_changed(self, before: Document | None, after: Document | None) -> None:
        if after is None and before is not None:
            self._jobs.forget(before["metadata"]["uid"])
