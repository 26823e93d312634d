"""What the reaper kills when the parent is gone."""

import pytest

from lab.launcher.reaper import groups_to_kill


@pytest.mark.parametrize(
    ("lines", "groups"),
    [
        pytest.param([], set(), id="nothing named, nothing killed"),
        pytest.param(["+12\n", "+13\n"], {12, 13}, id="what was named is killed"),
        pytest.param(["+12\n", "+13\n", "-12\n"], {13}, id="what was taken back is left alone"),
        pytest.param(["-12\n"], set(), id="taking back what was never named is harmless"),
        pytest.param(["+12\n", "+"], {12}, id="a line cut off by the parent's death is ignored"),
    ],
)
def test_kills_what_was_named_and_not_taken_back(lines: list[str], groups: set[int]) -> None:
    assert groups_to_kill(lines) == groups
