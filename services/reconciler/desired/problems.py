"""Why something cannot be rendered, in a form that status, events and the CLI can show.

A problem never heals by itself: only a change of the object or of the platform does, so it is terminal and not
retried (W-62). `text` is what the reference platform says and stays exact; code and remedy are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.errors import InvalidObjectError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be rendered."""

    subject: str  # the object that is blocked, as a person would name it
    text: str
    code: str  # CamelCase, fit for a condition's reason
    remedy: str


class RenderError(InvalidObjectError):
    """A spec asks for something that cannot be made."""

    def __init__(self, text: str, *, code: str, remedy: str) -> None:
        """Keep the text of the reference, and what would help."""
        super().__init__(text)
        self.text = text
        self.code = code
        self.remedy = remedy

    def within(self, part: str) -> RenderError:
        """Return the same error with the failing part in front of its text."""
        return RenderError(f"{part}: {self.text}", code=self.code, remedy=self.remedy)

    def about(self, subject: str) -> Problem:
        """Return the problem that this error is for one object."""
        return Problem(subject, self.text, self.code, self.remedy)
