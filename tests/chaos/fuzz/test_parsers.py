"""Every parser of what others wrote, under damage: it reads, or refuses with its own error, and nothing else.

An ordinary run damages a few hundred inputs for each parser; `make drill` a hundred times as many.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.chaos.fuzz.targets import TARGETS, Target
from tests.chaos.records import Drill, record
from tests.chaos.seeds import FIRST, IS_LONG

INPUTS = 50_000 if IS_LONG else 500


def outcome(target: Target, seed: int) -> str:
    """Return what became of one damaged input; a crash is shown with its seed."""
    try:
        answer = target.attempt(random.Random(seed))
    except target.refusals:
        return "refused"
    except Exception as error:
        error.add_note(f"repeat it with DYNAMO_TEST_FIRST_SEED={seed}")
        raise
    return "refused" if target.is_refusal(answer) else "read"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damaged_input_is_read_or_refused(target: Target) -> None:
    counts = Counter(outcome(target, seed) for seed in range(FIRST, FIRST + INPUTS))

    held = f"{counts['read']:,} read, {counts['refused']:,} refused, 0 crashes"
    record(Drill("bad input", f"{target.name}, from {target.reads}", held=held, runs=INPUTS, on="fakes"))
    assert counts["read"] > 0, "the damage leaves nothing to read: it proves little"
