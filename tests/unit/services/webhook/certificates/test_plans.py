"""The steps of the certificates' life, from nothing to a change of authority."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.webhook.certificates.inspection import contains, defect
from services.webhook.certificates.pairs import Pair, new_authority, new_serving_pair
from services.webhook.certificates.plans import (
    LATER,
    Authority,
    DropPrevious,
    MakeAuthority,
    MakeServing,
    Serve,
    Serving,
    Step,
    Wishes,
    next_step,
)

NOW = datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
WISHES = Wishes(hosts=("webhook.dynamo-system.svc",), life=YEAR)
OLD_CA = new_authority(NOW)
NEW_CA = new_authority(NOW + 9 * YEAR)


def issued(authority: Pair, now: datetime = NOW, hosts: tuple[str, ...] = WISHES.hosts) -> Serving:
    return Serving(new_serving_pair(authority, hosts, now=now, life=YEAR), authority.certificate)


BY_OLD = issued(OLD_CA)


def step(serving: Serving | None, authority: Authority | None, *, now: datetime = NOW, trusted: bytes = b"") -> Step:
    return next_step(serving, authority, trusted=trusted, wishes=WISHES, now=now)


@pytest.mark.rule("WC-01")
def test_an_authority_comes_before_everything() -> None:
    assert step(None, None) == MakeAuthority(previous=b"")


@pytest.mark.rule("WC-01")
@pytest.mark.parametrize(
    "serving",
    [
        pytest.param(None, id="missing"),
        pytest.param(issued(OLD_CA, NOW - 2 * YEAR), id="expired"),
        pytest.param(issued(OLD_CA, hosts=("elsewhere",)), id="for other names"),
        pytest.param(issued(NEW_CA, NOW), id="of an authority that nobody knows"),
        pytest.param(Serving(Pair(b"x", b"y"), b"z"), id="unreadable"),
    ],
)
def test_a_serving_pair_that_cannot_be_used_is_made_anew(serving: Serving | None) -> None:
    assert step(serving, Authority(OLD_CA)) == MakeServing(OLD_CA)


def test_a_usable_pair_is_served_until_a_third_of_its_life_is_left() -> None:
    served = step(BY_OLD, Authority(OLD_CA), trusted=OLD_CA.certificate)

    assert isinstance(served, Serve)
    assert (served.pair, served.bundle) == (BY_OLD.pair, OLD_CA.certificate)
    assert timedelta(days=240) < served.look_again - NOW < timedelta(days=245)


@pytest.mark.rule("WC-04")
@pytest.mark.parametrize(
    ("after", "is_renewed"),
    [
        pytest.param(timedelta(days=240), False, id="more than a third is left"),
        pytest.param(timedelta(days=245), True, id="less than a third is left"),
    ],
)
def test_a_serving_pair_is_renewed_when_a_third_of_its_life_is_left(after: timedelta, is_renewed: bool) -> None:
    result = step(BY_OLD, Authority(OLD_CA), now=NOW + after, trusted=OLD_CA.certificate)

    assert (result == MakeServing(OLD_CA)) is is_renewed


@pytest.mark.rule("WC-04")
def test_jitter_makes_a_replica_renew_earlier() -> None:
    early = Wishes(WISHES.hosts, WISHES.life, jitter=1.0)

    result = next_step(
        BY_OLD, Authority(OLD_CA), trusted=OLD_CA.certificate, wishes=early, now=NOW + timedelta(days=235)
    )

    assert result == MakeServing(OLD_CA)


@pytest.mark.rule("WC-08")
def test_a_pair_without_the_key_of_its_authority_is_used_on() -> None:
    served = step(BY_OLD, None)

    assert isinstance(served, Serve)
    assert (served.pair, served.bundle) == (BY_OLD.pair, OLD_CA.certificate)


@pytest.mark.rule("WC-08", "WC-05")
def test_a_pair_without_the_key_of_its_authority_gets_a_new_authority_when_it_is_due() -> None:
    assert step(BY_OLD, None, now=NOW + timedelta(days=250)) == MakeAuthority(previous=OLD_CA.certificate)


@pytest.mark.rule("WC-05")
def test_an_authority_is_renewed_a_year_before_its_end_and_stays_trusted() -> None:
    late = NOW + 9 * YEAR
    serving = issued(OLD_CA, late - 30 * DAY)

    assert step(serving, Authority(OLD_CA), now=late + DAY) == MakeAuthority(previous=OLD_CA.certificate)


@pytest.mark.rule("WC-05")
def test_an_authority_without_its_key_is_replaced() -> None:
    broken = Authority(Pair(OLD_CA.certificate, NEW_CA.key))

    assert step(BY_OLD, broken) == MakeAuthority(previous=OLD_CA.certificate)


@pytest.mark.rule("WC-05")
def test_the_serving_pair_changes_only_when_the_new_authority_is_trusted() -> None:
    late = NOW + 9 * YEAR
    serving, authority = issued(OLD_CA, late - 30 * DAY), Authority(NEW_CA, previous=OLD_CA.certificate)

    waiting = step(serving, authority, now=late, trusted=OLD_CA.certificate)
    ready = step(serving, authority, now=late, trusted=NEW_CA.certificate + OLD_CA.certificate)

    assert waiting == Serve(serving.pair, NEW_CA.certificate + OLD_CA.certificate, late + LATER)
    assert ready == MakeServing(NEW_CA)


@pytest.mark.rule("WC-05")
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(364 * DAY, False, id="what it signed may still be valid"),
        pytest.param(366 * DAY, True, id="all it signed has ended"),
    ],
)
def test_the_old_authority_leaves_when_nothing_it_signed_is_valid(after: timedelta, expected: bool) -> None:
    now = NOW + 9 * YEAR + after
    authority = Authority(NEW_CA, previous=OLD_CA.certificate)

    result = step(issued(NEW_CA, now - DAY), authority, now=now, trusted=NEW_CA.certificate + OLD_CA.certificate)

    assert (result == DropPrevious(authority)) is expected


@dataclass
class Life:
    """Plays the certificates' life; the API server takes each bundle over when it is given."""

    now: datetime
    serving: Serving
    authority: Authority
    trusted: bytes = b""

    def act(self) -> Step:
        """Take one step."""
        result = step(self.serving, self.authority, now=self.now, trusted=self.trusted)
        match result:
            case MakeAuthority(previous):
                self.authority = Authority(new_authority(self.now), previous)
            case MakeServing(pair):
                self.serving = issued(pair, self.now)
            case DropPrevious():
                self.authority = Authority(self.authority.pair)
            case Serve():
                self.trusted = result.bundle
        return result

    def settle(self, after: timedelta) -> list[str]:
        """Let time pass, take steps until nothing is left to do, and return what was wrong with what was served."""
        self.now += after
        served = [each for each in (self.act() for _ in range(8)) if isinstance(each, Serve)]
        faults = [defect(each.pair, each.bundle, WISHES.hosts, self.now) for each in served]
        faults += ["" if contains(self.trusted, self.authority.pair.certificate) else "the authority is not trusted"]
        return [fault for fault in faults if fault] + ([] if served else ["nothing was served"])


@pytest.mark.rule("WC-05")
@settings(max_examples=10, deadline=None)
@given(pauses=st.lists(st.integers(min_value=1, max_value=400), min_size=5, max_size=12))
def test_what_is_served_is_always_trusted_while_the_years_pass(pauses: list[int]) -> None:
    life = Life(NOW + 8 * YEAR, issued(OLD_CA, NOW + 8 * YEAR), Authority(OLD_CA))

    faults = [life.settle(after=days * DAY) for days in pauses]

    assert faults == [[] for _ in pauses]
