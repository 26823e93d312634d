"""String formats."""

from __future__ import annotations

import pytest

from lab.apiserver.schemas.formats import has_format


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-01-01T00:00:00.5+02:00", "2026-01-01"),
        ("date-time", "2026-01-01t00:00:00z", "2026-13-01T00:00:00Z"),
        ("date", "2026-01-01", "2026-1-1"),
        ("duration", "1h30m", "soon"),
        ("duration", "2 days", "1x"),
        ("ipv4", "1.2.3.4", "300.1.1.1"),
        ("ipv6", "::1", "1.2.3.4"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("byte", "aGk=", "a b"),
        ("email", "a@b", "a"),
        ("hostname", "a.example.com", "-a"),
        ("mac", "01:02:03:04:05:06", "01:02"),
        ("uri", "http://a/b", "a b"),
        ("uuid", "123e4567-e89b-42d3-a456-426614174000", "123"),
        ("uuid4", "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
    ],
)
def test_tells_good_from_bad(name: str, good: str, bad: str) -> None:
    assert has_format(good, name)
    assert not has_format(bad, name)


def test_an_unknown_format_accepts_everything() -> None:
    assert has_format("anything", "made-up")
