"""The examples of the pages about orchestrators and back ends work as they stand: each in a stack of its own.

Seven stacks take more time than a run of all tests has, so these run with `DYNAMO_CHAOS=long`, as drills do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.launcher.orphans import ORPHANAGE
from tests.chaos.seeds import IS_LONG
from tests.contract.docs.pages import ROOT, Page
from tests.e2e.shells import Shell

PAGES = [Page(ROOT / "docs" / name) for name in ("orchestrators.md", "backends.md")]
UP = re.compile(r"dynamoctl up --name (\S+)")
EXAMPLES = {
    f"{page.path.stem} {match[1]}": (match[1], block.body)
    for page in PAGES
    for block in page.blocks
    if (match := UP.search(block.body))
}


@pytest.fixture
def shell(tmp_path: Path, name: str) -> Iterator[Shell]:
    """A reader of one example; nothing of the stack is left."""
    found = Shell(tmp_path, name)
    try:
        yield found
    finally:
        groups = found.process_groups()
        found.run(f"dynamoctl down --name {name} --purge")
        for group in groups:
            ORPHANAGE.discard(group)


def test_each_orchestrator_and_each_back_end_has_an_example() -> None:
    assert sorted(EXAMPLES) == [
        "backends plain",
        "backends sglang",
        "backends trtllm",
        "backends vllm",
        "orchestrators gangs",
        "orchestrators plain",
        "orchestrators sets",
    ]


@pytest.mark.skipif(not IS_LONG, reason="seven stacks take more time than a run of all tests has")
@pytest.mark.parametrize(("name", "body"), EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_works_as_it_stands(shell: Shell, body: str) -> None:
    bring_up, _, rest = body.partition("\n")
    up = shell.run(bring_up)
    for group in shell.process_groups():  # a stack outlives its starter, but not this run
        ORPHANAGE.add(group)

    done = shell.run(rest)

    assert up.returncode == 0, f"{up.stdout}{up.stderr}"
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "condition met" in done.stdout
