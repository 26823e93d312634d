"""The command line under odd arguments and damaged files: an exit code that is documented and words, never a traceback.

No server runs here: a command that needs one says so. Commands that would start a stack get no odd arguments but their
own help, because an odd argument may be a good one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import yaml

from cli.app import run
from cli.failures import Exit
from tests.chaos.fuzz.mutations import TEXTS, damaged_json, damaged_text
from tests.chaos.records import Drill, record
from tests.chaos.seeds import FIRST, IS_LONG
from tests.chaos.simulation import a_graph

CALLS = 2_000 if IS_LONG else 100
COMMANDS = ("status", "tail", "logs", "render", "provision", "version", "down", "dlq", "nonsense")
WORDS = (
    "-n",
    "--namespace",
    "-o",
    "--output",
    "json",
    "table",
    "--name",
    "demo",
    "--help",
    "--set",
    "-f",
    "--since",
    "list",
)
SETTINGS = ("platform.ingress.className=nginx", "platform.discovery.backend=etcd", "platform.ingress.enabled=true")


@pytest.fixture(autouse=True)
def _no_stack_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield
    structlog.reset_defaults()  # a command logs to what standard error was at its start


def odd_arguments(dice: random.Random) -> list[str]:
    """Return a command with words that may or may not be meant for it."""
    words = [dice.choice(WORDS) if dice.random() < 0.7 else dice.choice(TEXTS) for _ in range(dice.randrange(5))]
    return [dice.choice(COMMANDS), *words]


def render_arguments(dice: random.Random, file: Path) -> list[str]:
    """Write a damaged graph and return how to render it."""
    text = yaml.safe_dump(damaged_json(dice, a_graph("chat")), allow_unicode=True)
    file.write_text(damaged_text(dice, text) if dice.random() < 0.3 else text, encoding="utf-8", errors="replace")
    setting = dice.choice(SETTINGS)
    return ["render", "-f", str(file), "--set", damaged_text(dice, setting) if dice.random() < 0.5 else setting]


def test_every_call_ends_with_a_documented_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = Counter[Exit]()
    for seed in range(FIRST, FIRST + CALLS):
        dice = random.Random(seed)
        arguments = render_arguments(dice, tmp_path / "graph.yaml") if dice.random() < 0.5 else odd_arguments(dice)
        code = Exit(run(arguments))
        told = capsys.readouterr()
        assert code is Exit.DONE or told.err.strip(), f"{arguments} fails with {code!r} and no word"
        assert "Traceback" not in told.err, arguments
        codes[code] += 1

    assert codes[Exit.DONE], "nothing was read at all: it proves little"
    held = ", ".join(f"{count:,} ended with {code.name.lower()}" for code, count in codes.most_common())
    record(Drill("bad input", "calls of dynamoctl", held=f"{held}; no traceback", runs=CALLS))
