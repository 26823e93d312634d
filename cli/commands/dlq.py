"""`dynamoctl dlq`: what the services could not handle, and what to do with it.

A replay asks the owner of the letter's partition to pass over the primary again, as it is now: no old body is ever
published. The letter goes once the owner has queued the primary; if the pass fails again it is written anew. An answer
lost on the way loses nothing either: the letter stays, and a new owner queues every primary anyway.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from cli.failures import CommandError, Exit
from cli.letters import Letter, chosen, letter_of
from cli.printing import Form, FormOption, notes, print_data, print_table
from cli.targets import InstallOption, KubeconfigOption, NameOption, NatsOption, Target, find_target
from shared.contracts.controls import REPLAY, ReplayAnswer, ReplayRequest, control_subject
from shared.contracts.streams import DEAD_LETTERS
from shared.contracts.subjects import ROOT
from shared.core.errors import TemporaryError
from shared.ports.bus import Bus, EventLog, Newest, NoRespondersError, StoredMessage

app = typer.Typer(help="Handle what the services could not handle.", no_args_is_help=True, rich_markup_mode=None)

READ_LIMIT = 10.0  # seconds between two messages of a stream that says it has more
ANSWER_LIMIT = timedelta(seconds=5)

LettersArgument = Annotated[
    list[str] | None, typer.Argument(metavar="LETTER...", help="Numbers or subjects, as `dlq list` prints them.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Every letter.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]

LIST_HELP = """List the dead letters, the newest of each object.

Example: dynamoctl dlq list
"""
SHOW_HELP = """Show one dead letter whole: its reason, its cause and its headers.

Example: dynamoctl dlq show 3
"""
REPLAY_HELP = """Pass over objects again that were given up, and drop their letters. Ends with 1 when one is left.

The owner of the object's partition is asked; if the pass fails again, a new letter is written.

Example: dynamoctl dlq replay --all --yes
"""
DROP_HELP = """Remove dead letters. The objects stay as they are, and are tried again with the next edit or sweep.

Example: dynamoctl dlq drop --all --yes
"""


@app.command("list", help=LIST_HELP)
def list_letters(
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    nats: NatsOption = "",
    install: InstallOption = "",
) -> None:
    """Print a table of dead letters."""
    target = find_target(name, kubeconfig=kubeconfig, nats=nats, install=install)
    letters = [letter_of(message) for message in asyncio.run(_read(target))]
    if output is not Form.TABLE:
        print_data([each.record() for each in letters], output)
        return
    if not letters:
        notes().print("no dead letters")
        return
    rows = [[str(each.sequence), each.time.isoformat()[:19], each.service, each.about, each.reason] for each in letters]
    print_table(["NUMBER", "TIME", "SERVICE", "OBJECT", "REASON"], rows)


@app.command("show", help=SHOW_HELP)
def show(
    number: Annotated[int, typer.Argument(help="Number of a dead letter, as `dlq list` prints it.")],
    output: FormOption = Form.YAML,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    nats: NatsOption = "",
    install: InstallOption = "",
) -> None:
    """Print one dead letter."""
    target = find_target(name, kubeconfig=kubeconfig, nats=nats, install=install)
    found = [message for message in asyncio.run(_read(target)) if message.sequence == number]
    if not found:
        raise CommandError(f"no dead letter has the number {number}: dynamoctl dlq list shows all", Exit.NOTHING_FOUND)
    record = letter_of(found[0]).record() | {"headers": dict(found[0].headers)}
    print_data(record, Form.YAML if output is Form.TABLE else output)


@app.command("replay", help=REPLAY_HELP)
def replay(
    letters: LettersArgument = None,
    everything: AllOption = False,
    yes: YesOption = False,
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    nats: NatsOption = "",
    install: InstallOption = "",
) -> int:
    """Queue the objects of dead letters at their owners."""
    target = find_target(name, kubeconfig=kubeconfig, nats=nats, install=install)
    wanted = _Choice(tuple(letters or ()), everything, "replay", asks=everything and not yes and sys.stdin.isatty())
    return _report(asyncio.run(_replay_all(target, wanted)), output)


@app.command("drop", help=DROP_HELP)
def drop(
    letters: LettersArgument = None,
    everything: AllOption = False,
    yes: YesOption = False,
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    nats: NatsOption = "",
    install: InstallOption = "",
) -> int:
    """Remove dead letters."""
    if not yes and not sys.stdin.isatty():
        raise CommandError("dropping letters needs --yes where nobody can be asked", Exit.USAGE)
    target = find_target(name, kubeconfig=kubeconfig, nats=nats, install=install)
    wanted = _Choice(tuple(letters or ()), everything, "drop", asks=not yes)
    return _report(asyncio.run(_drop_all(target, wanted)), output)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which letters a command is about, and whether a person confirms them."""

    named: tuple[str, ...]
    everything: bool
    verb: str
    asks: bool

    async def of(self, bus: EventLog) -> list[Letter]:
        """Return the letters that are meant, once they are confirmed."""
        letters = chosen(
            [letter_of(message) for message in await read_all(bus)], self.named, everything=self.everything
        )
        if letters and self.asks:
            for each in letters:
                notes().print(f"{each.sequence}  {each.service}  {each.about}  {each.reason}", markup=False)
            typer.confirm(f"{self.verb} {len(letters)} dead letters?", abort=True, err=True)
        return letters


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one letter."""

    letter: Letter
    is_done: bool
    result: str


async def _replay_all(target: Target, choice: _Choice) -> list[Handled]:
    async with target.bus() as bus:
        letters = await choice.of(bus)
        return [_note(number, len(letters), await replay_letter(bus, each)) for number, each in enumerate(letters, 1)]


async def _drop_all(target: Target, choice: _Choice) -> list[Handled]:
    async with target.bus() as bus:
        letters = await choice.of(bus)
        for each in letters:
            await bus.purge(DEAD_LETTERS, each.subject, up_to=each.sequence)
        return [Handled(each, True, "dropped") for each in letters]


async def replay_letter(bus: Bus, letter: Letter) -> Handled:
    """Ask the owner to pass over the letter's primary again; drop the letter when it will."""
    if letter.primary is None or letter.partition is None:
        return Handled(
            letter, False, "it is about an event and not about an object: drop it, the next sweep reads anew"
        )
    subject = control_subject(letter.service, letter.partition, REPLAY)
    where = f"partition {letter.partition} of {letter.service}"
    try:
        body = await bus.request(subject, ReplayRequest.of(letter.primary).encode(), within=ANSWER_LIMIT)
        answer = ReplayAnswer.decode(body)
        if answer.is_queued:
            await bus.purge(DEAD_LETTERS, letter.subject, up_to=letter.sequence)
            return Handled(letter, True, f"queued by {answer.member}")
    except NoRespondersError:
        return Handled(
            letter, False, f"nobody owns {where}: start {letter.service}; dynamoctl doctor says what it lacks"
        )
    except TemporaryError as error:
        return Handled(letter, False, f"the owner of {where} did not answer: {error}; try again")
    return Handled(letter, False, answer.reason)


def _note(number: int, total: int, done: Handled) -> Handled:
    if sys.stderr.isatty():
        notes().print(f"{number}/{total} {done.letter.about}: {done.result}", markup=False)
    return done


def _report(results: list[Handled], output: Form) -> int:
    if output is not Form.TABLE:
        records = [{**each.letter.record(), "done": each.is_done, "result": each.result} for each in results]
        print_data(records, output)
    elif results:
        rows = [[str(each.letter.sequence), each.letter.service, each.letter.about, each.result] for each in results]
        print_table(["NUMBER", "SERVICE", "OBJECT", "RESULT"], rows)
    else:
        notes().print("no dead letters")
    return Exit.DONE if all(each.is_done for each in results) else Exit.FAILED


async def _read(target: Target) -> list[StoredMessage]:
    async with target.bus() as bus:
        return await read_all(bus)


async def read_all(bus: EventLog) -> list[StoredMessage]:
    """Return the newest dead letter of each object, in the order in which they were stored."""
    found: list[StoredMessage] = []
    async with bus.follow(DEAD_LETTERS, [f"{ROOT}.dlq.>"], Newest()) as deliveries:
        left = deliveries.pending_at_open
        stream = aiter(deliveries)
        while left > 0:
            async with asyncio.timeout(READ_LIMIT):
                delivery = await anext(stream)
            found.append(delivery.message)
            left = delivery.pending
    return sorted(found, key=lambda message: message.sequence)
