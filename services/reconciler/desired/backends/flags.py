"""Flags that tell an engine its place among several nodes, put into a command that a user wrote (workloads 6.3).

Where they go is fixed: behind all words of a plain Python call; in a shell's text right behind the word that holds the
last occurrence of the engine's name, before the user's own flags. What cannot be found is reported, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.reconciler.desired.backends.backend import Launch, Node
from services.reconciler.desired.backends.commands import is_python, quoted
from services.reconciler.desired.problems import RenderError
from shared.core.shells import unreadable

_ENDS = re.compile(r"([|&;])")
_PYTHON = re.compile(r"python[0-9.]*\s")
_SPACE = re.compile(r"\s")


def leader_of(node: Node, *, needs_shell: bool) -> str:
    """Return the leader's host name in the form that whoever reads this node's flags understands (W-22)."""
    by_shell = needs_shell or not is_python(node.command)
    return node.addresses.leader_in_shell(node.service) if by_shell else node.addresses.leader(node.service)


def with_flags(node: Node, engine: str, flags: str, *, needs_shell: bool) -> Launch:
    """Return the launch of a node with flags added, or unchanged and saying so where the engine's call is not found.

    Raises RenderError when the call is in a text that no shell can read.
    """
    if not is_python(node.command):
        command, args, missed = with_flags_in_text(node, engine, flags)
        return Launch(command, args, missed=missed)
    if not needs_shell:
        return Launch(node.command, (*node.args, *flags.split()))
    return Launch(("sh", "-c"), (f"exec {quoted([*node.command, *node.args])} {flags}",))


def with_flags_in_text(node: Node, engine: str, flags: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return command and arguments with flags put into the first text that calls the engine, and what was missed.

    Arguments are searched first, as the reference does, then the command's words behind a shell and its option (W-23).
    """
    _check(node)
    for index, text in enumerate(node.args):
        changed = injected(text, engine, flags)
        if changed != text:
            return node.command, _replaced(node.args, index, changed), ""
    for index, text in enumerate(node.command[2:], start=2):
        changed = injected(text, engine, flags)
        if changed != text:
            return _replaced(node.command, index, changed), node.args, ""
    missed = f"no call of python -m dynamo.{engine} was found in its command, so these flags were not added: {flags}"
    return node.command, node.args, missed


def injected(text: str, engine: str, flags: str) -> str:
    """Return a shell's text with flags in every Python call of an engine; unchanged where there is none."""
    if engine not in text:
        return text
    return "".join(_injected(part, engine, flags) for part in _ENDS.split(text))


def _injected(segment: str, engine: str, flags: str) -> str:
    """Add flags to one part between `|`, `&` and `;`."""
    call = _PYTHON.search(segment)
    last = segment.rfind(engine)
    if call is None or last < call.end():
        return segment
    behind = _SPACE.search(segment, last)
    end = behind.start() if behind is not None else len(segment)
    return f"{segment[:end]} {flags}{segment[end:]}"


def _check(node: Node) -> None:
    found = unreadable(node.command, node.args)
    if found is None:
        return
    place, error = found
    # The text itself is not repeated: it may hold secrets, and conditions are read by many.
    raise RenderError(
        f"extraPodSpec.mainContainer.{place}: no shell can read this text, so no flags can be added to it: {error}",
        code="FlagsNotInjectable",
        remedy=f"close every quote in extraPodSpec.mainContainer.{place} of service {node.service}",
    )


def _replaced(words: Sequence[str], index: int, word: str) -> tuple[str, ...]:
    return (*words[:index], word, *words[index + 1 :])
