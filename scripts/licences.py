"""Print the licence of every package that the lock files name (`make audit`).

What an image holds comes first; what only the lab and the tests use is listed apart, since it is not passed on.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)


def pinned(lock: Path) -> dict[str, str]:
    """Return the packages of a lock file with their versions."""
    return {match["name"]: match["version"] for match in PINNED.finditer(lock.read_text(encoding="utf-8"))}


def licence(name: str) -> str:
    """Return what an installed package says about its licence, in the form it prefers."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "not installed on this platform"
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [
        each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or [] if each.startswith("License :: ")
    ]
    lines = [line for line in "\n".join(told.get_all("License") or []).splitlines() if line.strip()]
    return ", ".join(classifiers) or (lines[0].strip() if lines else "says nothing")


def main() -> None:
    """Print both lists."""
    services = pinned(ROOT / "requirements.lock")
    everything = pinned(ROOT / "requirements-dev.lock")
    for title, packages in (
        ("services and dynamoctl", services),
        ("lab and tests", {name: version for name, version in everything.items() if name not in services}),
    ):
        print(f"{title}:")
        for name, version in sorted(packages.items()):
            print(f"  {name:<32}{version:<14}{licence(name)}")


if __name__ == "__main__":
    main()
