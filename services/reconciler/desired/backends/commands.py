"""Command lines: who reads them, which values their flags have, and how words become text for a shell (W-26).

A command is a list of words for the kernel, or a shell with a text of its own among them. Confusing the two loses
quotes, so every step from words to text goes through here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

SHELL = ("/bin/sh", "-c")

_PYTHON = re.compile(r"(?:.*/)?python[0-9]*(?:\.[0-9]+)*")
_PYTHON_CALL = re.compile(r"\s*(?:\S*/)?python[0-9.]*\s")
_SEVERAL = re.compile(r"[;|&<>`#\n]|(?<!\$)\(")  # more than one command, or none that stands alone


def is_python(command: Sequence[str]) -> bool:
    """Return whether the first word of a command is a Python interpreter."""
    return bool(command) and _PYTHON.fullmatch(command[0]) is not None


def is_python_call(script: str) -> bool:
    """Return whether a shell's text is one call of Python, which needs no shell of its own within another text."""
    line = script.replace("\\\n", " ").strip()
    return _PYTHON_CALL.match(line) is not None and _SEVERAL.search(line) is None


def quoted(words: Iterable[str]) -> str:
    """Return words as text that a shell reads as the same words again."""
    return shlex.join(words)


def count(words: Iterable[str], *names: str) -> int:
    """Return the first whole positive number that a flag has among words or texts of words; 1 when it has none.

    Both `--flag value` and `--flag=value` are understood, with any of the names, and `_` for `-` in them (W-24).
    """
    tokens = [token for word in words for token in word.split() if token != "\\"]
    for index, token in enumerate(tokens):
        name, is_joined, value = token.partition("=")
        if _dashed(name) not in names:
            continue
        found = _number(value if is_joined else tokens[index + 1] if index + 1 < len(tokens) else "")
        if found:
            return found
    return 1


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _number(text: str) -> int:
    digits = text.strip("'\"")
    return int(digits) if digits.isascii() and digits.isdecimal() else 0
