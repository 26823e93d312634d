"""What an error that ended a pass means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import (
    ConflictError,
    ContestedError,
    ForbiddenError,
    InvalidObjectError,
    LeaseLostError,
    NotFoundError,
    UnreachableError,
)
from shared.core.outcomes import Reject, Retry
from shared.runtime.partitions.verdicts import Verdict, verdict_of

BUG = ValueError("a bug")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            ConflictError("x"), Verdict(Retry("ConflictError: x"), is_silent=True), id="a conflict is daily life"
        ),
        pytest.param(
            NotFoundError("x"), Verdict(Retry("NotFoundError: x"), is_silent=True), id="so is what is gone already"
        ),
        pytest.param(
            LeaseLostError("x"),
            Verdict(Retry("LeaseLostError: x"), is_silent=True, counts=False),
            id="a lost lease says nothing about the object",
        ),
        pytest.param(
            ContestedError("x", timedelta(seconds=30)),
            Verdict(Retry("ContestedError: x", timedelta(seconds=30)), is_silent=True, counts=False),
            id="a contest waits for as long as it says",
        ),
        pytest.param(UnreachableError("x"), Verdict(Retry("UnreachableError: x")), id="what may heal is tried again"),
        pytest.param(UnreachableError(), Verdict(Retry("UnreachableError")), id="also without a text"),
        pytest.param(ForbiddenError("x"), Verdict(Reject("ForbiddenError: x")), id="what never heals is rejected"),
        pytest.param(BUG, Verdict(Retry("ValueError: a bug"), error=BUG), id="a bug is tried again, and told"),
    ],
)
def test_every_error_has_one_meaning(error: Exception, expected: Verdict) -> None:
    assert verdict_of(error) == expected


def test_of_several_errors_the_gravest_counts() -> None:
    several = ExceptionGroup("tasks", [ConflictError("a"), ExceptionGroup("more", [InvalidObjectError("b")])])

    assert verdict_of(several).outcome == Reject("InvalidObjectError: b")
    assert verdict_of(ExceptionGroup("tasks", [several, LeaseLostError("c"), UnreachableError("d")])).outcome == Reject(
        "InvalidObjectError: b"
    )
    assert verdict_of(ExceptionGroup("tasks", [several, BUG])).outcome == Retry("ValueError: a bug")
