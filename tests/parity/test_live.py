"""The live form of parity where there is nothing to compare with."""

from __future__ import annotations

import pytest

from tests.conformance import OFF, VARIABLE
from tests.parity import live


@pytest.mark.parametrize(
    ("words", "count"),
    [pytest.param([], 6, id="all clusters"), pytest.param(["A", "B-grove"], 2, id="those that are named")],
)
def test_without_recordings_it_says_how_many_clusters_it_skips(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], count: int
) -> None:
    monkeypatch.setenv(VARIABLE, OFF)

    code = live.main(words)

    assert code == 0
    assert capsys.readouterr().out == f"{count} clusters skipped: conformance data switched off: {VARIABLE}={OFF}\n"
