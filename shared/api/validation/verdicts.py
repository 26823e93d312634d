"""What the rules say about an object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Violations and warnings in the order in which users read them; without a violation the object is accepted."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Return whether no rule is violated."""
        return not self.errors

    @property
    def message(self) -> str:
        """Return all violations as one text, one per line."""
        return "\n".join(self.errors)


ACCEPTED = Verdict()
