"""What keeps a server from being used, told to whoever wants to know whenever it changes.

Separate because both stores have such a problem now and then, and neither knows of logs or readiness. Invariant: a
listener hears each change once, and the state at the moment when it begins to listen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

OnProblem = Callable[[str], None]  # gets the problem, or an empty text


@dataclass(slots=True)
class Problem:
    """The problem of one server; an empty text when there is none."""

    text: str = ""
    _listeners: list[OnProblem] = field(default_factory=list)

    def listen(self, listener: OnProblem) -> None:
        """Tell a listener how it is, and from now on of each change."""
        self._listeners.append(listener)
        listener(self.text)

    def say(self, text: str) -> None:
        """Note what the problem is now."""
        if text != self.text:
            self.text = text
            for listener in self._listeners:
                listener(text)
