"""How long things take in the simulated cluster."""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Delays:
    """How long things take, in seconds before `speed` divides them; each pod draws its own within the range."""

    start: Range = (0.15, 0.25)
    ready: Range = (0.15, 0.25)
    run: Range = (1.0, 1.5)
    stop: Range = (0.05, 0.15)
    settle: float = 0.6  # how long a count that is about to change again may wait to be written
    speed: float = 1.0
