"""What the kubelet makes of a container's words before anything starts: the expansion rule of Kubernetes.

`$(NAME)` becomes the value of a variable; a name that no variable has stays as it is written, up to the first closing
bracket; `$$` is one dollar. Nothing is expanded twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return a word of a command as a container gets it."""

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else variables.get(name, match[0])

    return _REFERENCE.sub(replace, text)


def started(command: Sequence[str], args: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """Return the words that a container starts with."""
    return [expanded(word, variables) for word in (*command, *args)]
