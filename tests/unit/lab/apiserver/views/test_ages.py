"""Ages are written as kubectl writes them."""

import pytest

from lab.apiserver.views.ages import age, human_duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (12_000, "3h20m"),
        (36_000, "10h"),
        (172_800, "2d"),
        (180_000, "2d2h"),
        (864_000, "10d"),
        (86_400 * 800, "2y"),
        (-60, "<invalid>"),
    ],
)
def test_the_longer_the_coarser(seconds: int, shown: str) -> None:
    assert human_duration(seconds) == shown


def test_what_is_no_time_has_no_age() -> None:
    assert (age(None), age("yesterday")) == ("<unknown>", "<invalid>")
