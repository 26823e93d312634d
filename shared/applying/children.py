"""The part of a pass that all rooms which apply objects have in common: compare, write, remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.applying.inventories import EMPTY, Inputs, Inventories, Inventory
from shared.applying.plans import REPAIRED, Plan, Wanted, is_settled, plan
from shared.applying.repairs import Repairs, contest, other_manager
from shared.applying.writes import OnAnswer, Writer, Written, pass_over
from shared.core.errors import ContestedError, TemporaryError
from shared.core.resources import Ref, Resource
from shared.ports.passes import Decision, Decisions, View, Work


@dataclass(frozen=True, slots=True)
class Result:
    """What a pass found and did; `plan` is None where nothing was compared because nothing had changed."""

    plan: Plan | None = None
    written: Written | None = None
    inventory: Inventory = EMPTY
    contest: ContestedError | None = None  # over children that are not repaired now

    @property
    def is_news(self) -> bool:
        """Return whether something was written, or what is wanted came true: not a pass that waits or rests."""
        return self.plan is not None and (not self.plan.is_empty or self.inventory.inputs is not None)

    def is_unfinished(self, view: View) -> bool:
        """Return whether a write came to nothing that may succeed later, to children that all stand meanwhile."""
        if self.plan is None or self.written is None or not isinstance(self.written.error, TemporaryError):
            return False
        missed = [change.ref for change in self.plan.changes if change.ref not in self.written.answers]
        return all((entry := view.get(ref)) is not None and not entry.is_deleting for ref in missed)

    def raise_error(self) -> None:
        """Raise the first error of the writes, or what was put off, after everything that succeeded was recorded."""
        if self.written is not None and self.written.error is not None:
            raise self.written.error
        if self.contest is not None:
            raise self.contest


@dataclass(frozen=True, slots=True)
class Children:
    """Bring the children of primaries to what is desired, for one handler."""

    writer: Writer
    inventories: Inventories
    decisions: Decisions
    managed: tuple[Resource, ...]
    repairs: Repairs | None = None  # without any, every repair is made at once
    _contested: dict[Ref, str] = field(default_factory=dict)  # by whom

    async def settled(self, work: Work, inputs: Inputs) -> Inventory | None:
        """Return the inventory if inputs and children are exactly as it records, so that nothing has to be asked."""
        inventory = (await self.inventories.read(work.primary, work.fence)).in_epoch(inputs.epoch)
        return inventory if is_settled(inputs, inventory, work.view, self.managed) else None

    async def bring_about(
        self, work: Work, inputs: Inputs, desired: Callable[[], Wanted], *, on_answer: OnAnswer = pass_over
    ) -> Result:
        """Render only when inputs or children differ from the inventory; write only what differs.

        `on_answer` gets each applied child before the view does, and so before a pass over that child can begin.
        What was answered is recorded even if another write failed: call `raise_error` on the result.
        """
        inventory = (await self.inventories.read(work.primary, work.fence)).in_epoch(inputs.epoch)
        if is_settled(inputs, inventory, work.view, self.managed):
            return Result(inventory=inventory)
        wanted = desired()
        found = plan(wanted, owner_uid=inputs.uid, inventory=inventory, view=work.view, managed=self.managed)
        pauses = self._pauses(found)
        found = found.without(pauses, inventory)
        written = await self.writer.carry_out(found, work.view, work.fence, on_answer=on_answer)
        # Inputs are only recorded when all of them took effect: otherwise the next pass compares again.
        is_whole = not (written.error or found.waiting or found.foreign or wanted.is_for_now or pauses)
        inventory = Inventory(inputs if is_whole else None, written.children, inputs.epoch)
        await self.inventories.record(work.primary, inventory, work.fence)
        self._tell(work, found, written)
        self._remember(found, written)
        return Result(found, written, inventory, await self._contest(work, pauses))

    def _pauses(self, found: Plan) -> dict[Ref, timedelta]:
        """Return which repairs have to wait, and for how long."""
        if self.repairs is None:
            return {}
        pauses = {change.ref: self.repairs.pause(change.ref) for change in found.changes if change.reason == REPAIRED}
        return {ref: pause for ref, pause in pauses.items() if pause > timedelta(0)}

    def _remember(self, found: Plan, written: Written) -> None:
        if self.repairs is None:
            return
        for change in found.changes:
            if change.reason == REPAIRED and change.ref in written.answers and change.ref not in written.unchanged:
                self.repairs.took_place(change.ref)
                self._contested.pop(change.ref, None)
        for ref in written.deleted:
            self.repairs.forget(ref)
            self._contested.pop(ref, None)

    async def _contest(self, work: Work, pauses: Mapping[Ref, timedelta]) -> ContestedError | None:
        """Tell of a contest when it begins; who the other one is costs one look."""
        if not pauses:
            return None
        news = [ref for ref in pauses if ref not in self._contested]
        for ref in news:
            self._contested[ref] = other_manager(await self.writer.cluster.get(ref))
        error = contest(pauses, self._contested)
        if news:
            self._record(work, "contested", str(error))
        return error

    def _tell(self, work: Work, found: Plan, written: Written) -> None:
        """Tell what was done: one decision for all that a pass did for one reason."""
        done: dict[str, list[Ref]] = {}
        for change in found.changes:
            if change.ref in written.answers and change.ref not in written.unchanged:
                done.setdefault(change.reason, []).append(change.ref)
        if written.deleted:
            done["deleted"] = sorted(written.deleted)
        for decision, refs in done.items():
            self._record(work, decision, f"{decision} {_named(refs)}")

    def _record(self, work: Work, decision: str, message: str) -> None:
        self.decisions.record(
            Decision(work.primary, decision, message, correlation=work.correlation, causation=work.cause)
        )


def _named(refs: Sequence[Ref]) -> str:
    by_kind: dict[str, list[str]] = {}
    for ref in refs:
        by_kind.setdefault(ref.resource.kind, []).append(ref.name)
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in by_kind.items())
