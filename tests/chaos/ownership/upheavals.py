"""What happens to owners, drawn from a seed: deaths, sleeps, hand-overs, lost leases, bad servers, edits meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.core.resources import GRAPHS, Ref
from tests.chaos.ownership.clients import DEADLINE
from tests.chaos.ownership.records import Disturbed
from tests.chaos.ownership.replicas import Replica, Scene
from tests.chaos.simulation import NAMESPACE
from tests.chaos.stories import ONE, TWO

GRAPH = Ref(GRAPHS, NAMESPACE, "chat-0")
MOST_STEPS = 40  # of a replica, until it is stopped or killed: about two passes


@dataclass(slots=True)
class Weather:
    """How slow the ways to the servers are."""

    dice: random.Random
    to_cluster: float = 0.0  # longest delay, in seconds
    to_store: float = 0.0
    clear_at: float = 0.0  # when the last slow call is over

    def cluster_delay(self) -> float:
        """Return how long one request to the API server takes; most take no time at all."""
        return self.dice.uniform(0.0, self.to_cluster) if self.to_cluster and self.dice.random() < 0.5 else 0.0

    def store_delay(self) -> float:
        """Return how long one call to etcd takes."""
        return self.dice.uniform(0.0, self.to_store) if self.to_store else 0.0


@dataclass(slots=True)
class Course:
    """One run: the scene, its weather, and what the graph should be."""

    scene: Scene
    weather: Weather
    dice: random.Random
    services: tuple[str, ...] = TWO
    replicas: int = 1
    told: list[str] = field(default_factory=list)  # what happened, for the reader of a failure

    async def play(self, rounds: int) -> None:
        """Start, disturb so many times with edits between, and let everything come to rest."""
        scene = self.scene
        for _ in range(self.dice.choice((1, 2, 2, 3))):
            self._start()
        self.edit()
        await scene.run.advance(self.dice.uniform(1.0, 12.0))
        for _ in range(rounds):
            await self._disturb()
            await scene.run.advance(self.dice.choice((0.0, 0.0, 0.5, 2.0, 12.0)) * self.dice.random())
        await self._calm()

    def edit(self) -> None:
        """Ask for other services, or another number of replicas."""
        self.services, self.replicas = self.dice.choice((ONE, TWO)), self.dice.randint(1, 3)
        self._tell(f"edit to {len(self.services)} services, {self.replicas} replicas")
        self.scene.run.graph(GRAPH.name, services=self.services, replicas=self.replicas)

    async def _disturb(self) -> None:
        upheaval = self.dice.choice(UPHEAVALS)
        is_edited_before = self.dice.random() < 0.5
        if is_edited_before:
            self.edit()
        upheaval(self)
        if not is_edited_before or self.dice.random() < 0.3:
            await self.scene.run.advance(self.dice.choice((0.0, 1.0, 15.0)) * self.dice.random())
            self.edit()
        if not self.scene.alive:
            await self.scene.run.advance(3.0 * self.dice.random())
            self._start()

    async def _calm(self) -> None:
        """Take every disturbance away, and wait until nothing changes any more."""
        run = self.scene.run
        self.clear_up()
        for replica in self.scene.alive:
            replica.pulse.on_step = None
            replica.pulse.wake()
        if not [each for each in self.scene.alive if not each.process.stopping.is_set()]:
            self._start()
        await run.converge(at_least=30.0)
        run.cluster.objects.collect_garbage()  # what came late for an owner that is gone
        await run.converge()

    # Upheavals

    def kill(self) -> None:
        """Kill a replica at some step of it; another one is started."""
        victim = self._victim()
        self._tell(f"kill {victim.name}")
        self._at_some_step(victim, victim.kill)
        if self.dice.random() < 0.7:
            self._start()

    def terminate(self) -> None:
        """Tell a replica to end, at some step of it."""
        victim = self._victim()
        self._tell(f"terminate {victim.name}")
        self._at_some_step(victim, victim.terminate)
        if self.dice.random() < 0.7:
            self._start()

    def stop(self) -> None:
        """Stop a replica at some step of it for 1 to 30 s: longer or shorter than its claims live."""
        victim, seconds = self._victim(), self.dice.uniform(1.0, 30.0)
        self._tell(f"stop {victim.name} for {seconds:.1f} s")
        self._at_some_step(victim, lambda: victim.pulse.stop(seconds))

    def lose_lease(self) -> None:
        """End the lease of a replica."""
        victim = self._victim()
        self._tell(f"end the lease of {victim.name}")

        def end_lease() -> None:
            if victim.process.store.is_connected:  # one that cannot hear of it writes on until the lease's own end
                self.scene.end_lease(victim)

        self._at_some_step(victim, end_lease)

    def cut_off(self) -> None:
        """Take a replica's way to etcd away for a while."""
        victim, seconds = self._victim(), self.dice.uniform(0.5, 20.0)
        self._tell(f"cut {victim.name} off from etcd for {seconds:.1f} s")
        victim.process.store.cut()
        self._disturbed(is_disturbed=True)
        self._later(seconds, self.clear_up)

    def stop_etcd(self) -> None:
        """Take etcd away from all for a while."""
        seconds = self.dice.uniform(0.5, 15.0)
        self._tell(f"stop etcd for {seconds:.1f} s")
        self.scene.run.store.stop()
        self._disturbed(is_disturbed=True)
        self._later(seconds, self.clear_up)

    def slow_etcd(self) -> None:
        """Let every call to etcd take some time, for a while."""
        self.weather.to_store = self.dice.choice((0.05, 0.5, 3.0))
        self._tell(f"etcd takes up to {self.weather.to_store} s")
        self._disturbed(is_disturbed=True)
        self._later(self.dice.uniform(1.0, 15.0), self.clear_up)

    def slow_cluster(self) -> None:
        """Let requests to the API server take some time, also longer than they may, for a while."""
        self.weather.to_cluster = self.dice.choice((0.2, 2.0, 12.0))
        self._tell(f"the API server takes up to {self.weather.to_cluster} s")
        self._disturbed(is_disturbed=True)
        self._later(self.dice.uniform(1.0, 15.0), self.clear_up)

    def add(self) -> None:
        """Start one more replica."""
        self._start()

    def restart_two(self) -> None:
        """Kill or terminate two replicas at once, and start two."""
        for _ in range(2):
            victim = self._victim()
            self._tell(f"restart {victim.name}")
            self.dice.choice((victim.kill, victim.terminate))()
            self._start()

    def clear_up(self) -> None:
        """Bring every server back, as quick as ever; what is on its way still takes its time."""
        now = self.scene.diary.now
        longest = max(min(self.weather.to_cluster, DEADLINE), self.weather.to_store)
        self.weather.clear_at = max(self.weather.clear_at, now + longest)
        self.weather.to_cluster = self.weather.to_store = 0.0
        self.scene.run.store.start()
        for replica in self.scene.alive:
            replica.process.store.mend()
        self._later(self.weather.clear_at - now, self._say_clear)

    def _say_clear(self) -> None:
        weather, scene = self.weather, self.scene
        stores = (scene.run.store, *(each.process.store for each in scene.alive))
        is_clear = not (weather.to_cluster or weather.to_store) and all(store.is_connected for store in stores)
        if is_clear and scene.diary.now >= weather.clear_at:  # else something else is disturbed by now
            self._disturbed(is_disturbed=False)

    def _start(self) -> None:
        replica = self.scene.start()
        replica.pulse.slowness = self.weather.store_delay
        self._tell(f"start {replica.name}")

    def _victim(self) -> Replica:
        return self.dice.choice(self.scene.alive or [self.scene.start()])

    def _at_some_step(self, replica: Replica, act: Callable[[], None]) -> None:
        """Act before one of the next steps of a replica: a call, the answer to one, an event, the end of a pause."""
        moment = replica.pulse.steps + self.dice.randint(1, MOST_STEPS)

        def on_step(step: int) -> None:
            if step >= moment:
                replica.pulse.on_step = None
                act()

        replica.pulse.on_step = on_step

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        clock = self.scene.run.clock
        clock.call_at(clock.elapsed() + seconds, act)

    def _disturbed(self, *, is_disturbed: bool) -> None:
        self.scene.diary.add(Disturbed(self.scene.diary.now, is_disturbed=is_disturbed))

    def _tell(self, what: str) -> None:
        self.told.append(f"{self.scene.diary.now:.3f} s: {what}")


UPHEAVALS: tuple[Callable[[Course], None], ...] = (
    Course.kill,
    Course.kill,
    Course.terminate,
    Course.stop,
    Course.stop,
    Course.stop,
    Course.lose_lease,
    Course.cut_off,
    Course.stop_etcd,
    Course.slow_etcd,
    Course.slow_cluster,
    Course.add,
    Course.restart_two,
)
