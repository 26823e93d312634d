"""The pages of the documentation, and what they refer to: links, paths, targets and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("", ".ci", "docs", "docs/adr", "services/*", "tests")
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FILE = r"[\w.-]+(?:/[\w.-]+)*\.(?:py|md|yaml|yml|toml|lock|svg|conf|json)"
_BELOW_THE_ROOT = r"(?:charts|cli|docs|examples|lab|scripts|services|shared|tests)/[\w./-]*"
_PATH = re.compile(rf"`({_FILE}|{_BELOW_THE_ROOT})`")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    language: str
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file."""

    path: Path

    def __str__(self) -> str:
        """Return the path from the repository's root."""
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """Return what it says."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """Return what it says outside fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        """Return the fenced blocks in their order."""
        return [Block(match["language"], match["body"]) for match in _FENCE.finditer(self.text)]

    @property
    def links(self) -> list[str]:
        """Return the targets of links that stay in the repository."""
        return [target for target in _LINK.findall(self.prose) if "://" not in target]

    @property
    def paths(self) -> list[str]:
        """Return the files and folders that it names in code style."""
        return _PATH.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """Return the anchors of its headings, as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def pages() -> list[Page]:
    """Return every page of the repository."""
    found = {path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.md" if folder else "*.md")}
    return [Page(path) for path in sorted(found)]


def commands_of(block: Block) -> Iterator[str]:
    """Yield the commands of a `bash` block, or those behind `$` of a `console` block; here-documents stay whole."""
    lines = iter(block.body.splitlines())
    for line in lines:
        if block.language == "console":
            if line.startswith("$ "):
                yield line.removeprefix("$ ")
            continue
        here = re.search(r"<<'(\w+)'", line)
        command = [line]
        while here and command[-1] != here[1]:
            command.append(next(lines))
        if line.strip() and not line.startswith("#"):
            yield "\n".join(command)
