"""What may end a pass before its children are as they should be, and the words that the reference has for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.reconciler.desired.problems import Problem

# What is refused ends in a dead letter at once: no timer repeats it.
_AGAIN = "the write is tried again when something changes, and with every sweep (10 minutes)"


class Stage(Enum):
    """The part of a pass that failed."""

    LOOKING = "ClusterNotRead"
    VALIDATION = "ValidationFailed"
    FINALIZER = "FinalizerFailed"
    RENDERING = "RenderFailed"
    WRITING = "WriteFailed"
    GIVEN_UP = "DeadLetter"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The error that ended a pass.

    Conflicts and lost connections are none: they are retried in silence (OB-04).
    """

    stage: Stage
    text: str
    code: str
    remedy: str

    @property
    def is_terminal(self) -> bool:
        """Return whether only a change of the object or the platform helps (W-62)."""
        return self.stage in (Stage.VALIDATION, Stage.RENDERING, Stage.GIVEN_UP)


def unread(what: str, *, by: str) -> Obstacle:
    """Return the obstacle of a cluster in which a service has not looked at something yet."""
    text, remedy = f"nobody has said yet {what}", f"start the {by} service, or see why it is not ready"
    return Obstacle(Stage.LOOKING, text, Stage.LOOKING.value, remedy)


def invalid(text: str) -> Obstacle:
    """Return the obstacle of a spec that violates a rule."""
    return Obstacle(Stage.VALIDATION, text, Stage.VALIDATION.value, "correct the spec as the message says")


def unrenderable(problem: Problem) -> Obstacle:
    """Return the obstacle of a spec that nothing can be made of."""
    return Obstacle(Stage.RENDERING, problem.text, problem.code, problem.remedy)


def refused(text: str) -> Obstacle:
    """Return the obstacle of a write that the API server refuses."""
    remedy = f"correct what the API server refuses; {_AGAIN}"
    return Obstacle(Stage.WRITING, text, Stage.WRITING.value, remedy)


def unserved(text: str) -> Obstacle:
    """Return the obstacle of a kind that the API server does not serve, though it was said to."""
    remedy = "install what defines the kind, or change the spec so that it is not needed; it is tried again"
    return Obstacle(Stage.WRITING, text, "KindNotServed", remedy)


def not_finalized(text: str) -> Obstacle:
    """Return the obstacle of a finalizer that could not be set or removed."""
    remedy = f"allow what the API server refuses; {_AGAIN}"
    return Obstacle(Stage.FINALIZER, text, Stage.FINALIZER.value, remedy)


def given_up(reason: str, letter: str) -> Obstacle:
    """Return the obstacle of passes that failed until they ended in a dead letter."""
    remedy = "do what the reason asks for, then edit the object or run dynamoctl dlq replay for this letter"
    text = f"given up after repeated failures: {reason} (dead letter {letter})"
    return Obstacle(Stage.GIVEN_UP, text, Stage.GIVEN_UP.value, remedy)
