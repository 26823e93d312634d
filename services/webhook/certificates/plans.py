"""Decides the next step of the certificates' life, one step at a time.

A step is a write to one of the two secrets, or the answer that nothing has to be written. Whoever takes the steps
reads the secrets again after each, so that replicas that act at the same time and processes that stop in between end
in the same state. The order of a change of authority is what keeps admission up: first the API server trusts old and
new, then the serving certificate changes, and the old authority leaves when nothing it signed can still be valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.webhook.certificates.inspection import Life, contains, defect, is_authority, is_issued_by, life_of
from services.webhook.certificates.pairs import Pair

AUTHORITY_RENEWAL = timedelta(days=365)  # WC-05: before its end
OVERLAP = timedelta(hours=24)  # WC-05: how long an old authority stays at least
LATER = timedelta(minutes=1)  # before looking again for a bundle that the API server does not have yet


@dataclass(frozen=True, slots=True)
class Serving:
    """The secret that is served from: a pair, and the authority it was made with."""

    pair: Pair
    authority: bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """The secret of the authority, with the one before it while that is still trusted."""

    pair: Pair
    previous: bytes = b""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the certificates must fulfil."""

    hosts: tuple[str, ...]
    life: timedelta
    jitter: float = 0.0  # 0..1, different in each replica, so that not all renew at once


@dataclass(frozen=True, slots=True)
class MakeAuthority:
    """Write a new authority; `previous` stays trusted beside it."""

    previous: bytes


@dataclass(frozen=True, slots=True)
class MakeServing:
    """Write a new serving pair, issued by the authority."""

    authority: Pair


@dataclass(frozen=True, slots=True)
class DropPrevious:
    """Write the authority without the one before it."""

    authority: Authority


@dataclass(frozen=True, slots=True)
class Serve:
    """Serve a pair, have a bundle trusted, and look again at a time."""

    pair: Pair
    bundle: bytes
    look_again: datetime


Step = MakeAuthority | MakeServing | DropPrevious | Serve


def next_step(
    serving: Serving | None, authority: Authority | None, *, trusted: bytes, wishes: Wishes, now: datetime
) -> Step:
    """Return what to do next; `trusted` is the bundle that the API server uses now."""
    known = b"" if authority is None else authority.pair.certificate + authority.previous
    in_use = serving if serving is not None and _is_usable(serving, known, wishes.hosts, now) else None
    if authority is None or not is_authority(authority.pair) or _is_old(authority, now):
        if authority is None and in_use is not None and not _is_due(in_use, wishes, now):
            return Serve(in_use.pair, in_use.authority, _due(in_use, wishes))  # WC-08
        return MakeAuthority(_still_trusted(in_use, authority))
    if in_use is None:
        return MakeServing(authority.pair)
    return _keep_or_renew(in_use, authority, trusted=trusted, wishes=wishes, now=now)


def _keep_or_renew(serving: Serving, authority: Authority, *, trusted: bytes, wishes: Wishes, now: datetime) -> Step:
    bundle = bundle_of(authority)
    is_foreign = not is_issued_by(serving.pair.certificate, authority.pair.certificate)
    if is_foreign or _is_due(serving, wishes, now):
        if not is_foreign or contains(trusted, authority.pair.certificate):
            return MakeServing(authority.pair)
        return Serve(serving.pair, bundle, now + LATER)
    end = _end_of_overlap(authority, wishes)
    if authority.previous and now >= end:
        return DropPrevious(authority)
    due = min(_due(serving, wishes), _life(authority.pair.certificate).end - AUTHORITY_RENEWAL)
    return Serve(serving.pair, bundle, min(due, end) if authority.previous else due)


def bundle_of(authority: Authority) -> bytes:
    """Return the certificates that the API server should trust."""
    return authority.pair.certificate + authority.previous


def _still_trusted(serving: Serving | None, authority: Authority | None) -> bytes:
    if authority is not None and life_of(authority.pair.certificate) is not None:
        return authority.pair.certificate
    return b"" if serving is None else serving.authority


def _is_usable(serving: Serving, known: bytes, hosts: Sequence[str], now: datetime) -> bool:
    return not defect(serving.pair, known or serving.authority, hosts, now)


def _is_old(authority: Authority, now: datetime) -> bool:
    return now >= _life(authority.pair.certificate).end - AUTHORITY_RENEWAL


def _is_due(serving: Serving, wishes: Wishes, now: datetime) -> bool:
    return now >= _due(serving, wishes)


def _due(serving: Serving, wishes: Wishes) -> datetime:
    life = _life(serving.pair.certificate)
    third = (life.end - life.begin) / 3  # WC-04
    return life.end - third * (1 + 0.1 * wishes.jitter)


def _end_of_overlap(authority: Authority, wishes: Wishes) -> datetime:
    # The old authority signed nothing after the new one was made, so whatever it signed has ended by then.
    return _life(authority.pair.certificate).begin + max(wishes.life, OVERLAP)


def _life(certificate: bytes) -> Life:
    life = life_of(certificate)
    if life is None:
        raise ValueError("a certificate that was read before cannot be read")
    return life
