"""Reads services/Dockerfile: its stages, what each begins from, and what it runs and copies."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from tests.contract.compose.reading import ROOT

FILE = ROOT / "services" / "Dockerfile"


@dataclass(slots=True)
class Stage:
    """One stage of the build."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, keyword: str) -> list[str]:
        """Return the arguments of all instructions with a keyword."""
        return [value for name, value in self.instructions if name == keyword]

    @property
    def command(self) -> list[str]:
        """Return the command that a container of this stage runs."""
        given = self.values("CMD")
        return list(json.loads(given[-1])) if given else []

    @property
    def sources(self) -> list[str]:
        """Return what is copied from the repository."""
        copies = [value.split() for value in self.values("COPY") if not value.startswith("--from=")]
        return [source for parts in copies for source in parts[:-1]]


def stages() -> dict[str, Stage]:
    """Return the stages by name, in their order."""
    text = re.sub(r"\\\n", " ", FILE.read_text(encoding="utf-8"))
    found: dict[str, Stage] = {}
    current: Stage | None = None
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("#"):
            continue
        keyword, _, value = line.partition(" ")
        if keyword == "FROM":
            base, _, name = value.partition(" AS ")
            current = found.setdefault(name, Stage(name, base))
        elif current is not None:
            current.instructions.append((keyword, " ".join(value.split())))
    return found


def line_of(name: str) -> list[Stage]:
    """Return a stage and everything that it is built from, also through `COPY --from`."""
    known = stages()
    waiting, seen = [name], {}
    while waiting:
        stage = known.get(waiting.pop())
        if stage is None or stage.name in seen:
            continue
        seen[stage.name] = stage
        waiting.append(stage.base)
        waiting += [value.split()[0].removeprefix("--from=") for value in stage.values("COPY") if "--from=" in value]
    return list(seen.values())
