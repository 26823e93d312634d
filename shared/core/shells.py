"""Texts for a shell within a command: where one stands, and whether any shell can read it.

Shared, because admission refuses what rendering could not put flags into, and the two must not disagree. Only texts are
judged that this reader understands whole: what nests texts of other rules is left to the shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_SHELLS = re.compile(r"(?:.*/)?(?:|a|ba|da|k|z)sh")
_NESTED = ("<<", "$'", "$(", "`")
_QUOTES = ("'", '"', "\\")  # nothing but an open one makes a text unreadable, and most texts have none


def unreadable(command: Sequence[str], args: Sequence[str]) -> tuple[str, str] | None:
    """Return where in a container the text of its shell stands and why no shell can read it; None for a good one."""
    words = (*command, *args)
    index = script_at(words)
    error = syntax_error(words[index]) if index is not None else ""
    if index is None or not error:
        return None
    behind = index - len(command)
    return f"args[{behind}]" if behind >= 0 else f"command[{index}]", error


def script_at(words: Sequence[str]) -> int | None:
    """Return where the text stands that a shell was told to run with `-c`; None where no shell was."""
    if not words or not _SHELLS.fullmatch(words[0]):
        return None
    is_told, is_value = False, False
    for index, word in enumerate(words[1:], start=1):
        if is_value:
            is_value = False
        elif not word.startswith(("-", "+")):
            return index if is_told else None
        elif not word.startswith("--"):
            is_told = is_told or (word.startswith("-") and "c" in word)
            is_value = word.endswith("o")  # such as `-euo pipefail`
    return None


def syntax_error(script: str) -> str:
    """Return what makes a shell's text unreadable; empty for a good one, or one that only a shell can judge."""
    if any(mark in script for mark in _NESTED) or not any(mark in script for mark in _QUOTES):
        return ""
    try:
        list(shlex.shlex(script, posix=True, punctuation_chars=True))
    except ValueError as error:
        return str(error)
    return ""
