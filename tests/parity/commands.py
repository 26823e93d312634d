"""What a container starts, without the ways of writing that are mended on purpose.

Differences in commands are accepted as a whole field (W-22, W-26, W-27), and a whole field could hide anything. So the
words of both commands are compared too: with every mended way of writing taken out, the same must be left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

SHELLS = (["sh", "-c"], ["/bin/sh", "-c"])
MENDED = (
    (r"~/", "$HOME/"),  # W-27: a home directory is where HOME says
    (r"\$LWS_LEADER_ADDRESS\b", "$(LWS_LEADER_ADDRESS)"),  # W-22: the kubelet fills it in
    (r"(chmod 644 \S+) \S+authorized_keys", r"\1"),  # W-27: authorized_keys stays private
    (r"\$\(test \S+ -ne 0 \|\| echo (--allow-run-as-root)\)", r"\1"),  # W-27: root is allowed where it is root
    (r"PermitRootLogin (yes|prohibit-password)", "PermitRootLogin"),  # W-27
    (r"\\nStrictModes no", ""),  # W-27
    (r"""['"]""", ""),  # W-26: words are quoted
    (r"^exec ", ""),  # W-22: no shell is needed
)


def words(container: Mapping[str, Any]) -> Counter[str]:
    """Return the words of a container's command, a script taken apart, each as often as it is there."""
    command, args = list(container.get("command") or ()), list(container.get("args") or ())
    text = " ".join(args if command in SHELLS else [*command, *args])
    text = text.replace('"$(id -u)"', "$(id-u)")
    for pattern, plain in MENDED:
        text = re.sub(pattern, plain, text)
    return Counter(text.split())


def containers(value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield all containers of a manifest, each with where it stands; lists of things with names go by these."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from containers(inner, f"{path}.{name}")
        if "image" in value:
            yield path, value
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            name = inner.get("name", place) if isinstance(inner, dict) else place
            yield from containers(inner, f"{path}[{name}]")
