"""Dead letters as a person handles them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.failures import CommandError, Exit
from cli.letters import Letter, chosen, letter_of
from shared.contracts.subjects import dead_letter_subject
from shared.core.resources import GRAPHS, Ref
from shared.ports.bus import StoredMessage

AT = datetime(2026, 1, 1, tzinfo=UTC)
CHAT = Ref(GRAPHS, "team", "chat.v2")
SUBJECT = dead_letter_subject("reconciler", CHAT)


def stored(subject: str = SUBJECT, body: bytes = b'{"reason": "broken"}', **headers: str) -> StoredMessage:
    """Return a message of the dead letter stream."""
    return StoredMessage(subject, 3, AT, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_a_letter_names_its_primary_and_the_partition_of_the_pass() -> None:
    letter = letter_of(stored(ce_partition="7"))

    assert (letter.primary, letter.partition, letter.service) == (CHAT, 7, "reconciler")
    assert letter.about == "dynamographdeployments/team/chat.v2"
    assert letter.record()["reason"] == "broken"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(stored(body=b"{"), "the letter itself is not JSON", id="a damaged body"),
        pytest.param(stored(body=b"[1]"), "", id="another form"),
        pytest.param(stored(subject="dynamo.dlq.x"), "broken", id="a short subject"),
        pytest.param(stored(subject="dynamo.dlq.reconciler.rockets.a.=ZZ"), "broken", id="nothing that is known"),
        pytest.param(stored(ce_partition="?"), "broken", id="a damaged header"),
        pytest.param(stored(ce_partition="9" * 5000), "broken", id="an absurd number"),
    ],
)
def test_what_cannot_be_parsed_is_still_a_letter(message: StoredMessage, reason: str) -> None:
    letter = letter_of(message)

    assert letter.reason == reason
    assert letter.primary is None or letter.partition is None


def a_letter(sequence: int) -> Letter:
    """Return a letter."""
    return Letter(sequence, AT, f"{SUBJECT}{sequence}", "reconciler", "chat", "broken")


def test_letters_are_named_by_number_or_subject() -> None:
    letters = [a_letter(number) for number in (1, 2, 3)]

    assert chosen(letters, ["2", f"{SUBJECT}3", "2"], everything=False) == letters[1:]
    assert chosen(letters, [], everything=True) == letters
    assert chosen([], [], everything=True) == []


@pytest.mark.parametrize(
    ("named", "everything", "code"),
    [
        pytest.param(["9"], False, Exit.NOTHING_FOUND, id="one that is not there"),
        pytest.param([], False, Exit.USAGE, id="none"),
        pytest.param(["1"], True, Exit.USAGE, id="one and all"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(named: list[str], everything: bool, code: Exit) -> None:
    with pytest.raises(CommandError) as refused:
        chosen([a_letter(1)], named, everything=everything)

    assert refused.value.code is code
