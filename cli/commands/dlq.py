"""`dynamoctl dlq`: what the services could not handle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer

from cli.failures import CommandError, Exit
from cli.printing import Form, FormOption, notes, print_data, print_table
from cli.targets import InstallOption, KubeconfigOption, NameOption, NatsOption, Target, find_target
from shared.contracts.streams import DEAD_LETTERS
from shared.contracts.subjects import ROOT, decode_token
from shared.core.json import text
from shared.ports.bus import EventLog, Newest, StoredMessage

app = typer.Typer(help="Look at what the services could not handle.", no_args_is_help=True, rich_markup_mode=None)

READ_LIMIT = 10.0  # seconds between two messages of a stream that says it has more

LIST_HELP = """List the dead letters, the newest of each object.

Example: dynamoctl dlq list
"""
SHOW_HELP = """Show one dead letter whole: its reason, its cause and its headers.

Example: dynamoctl dlq show 3
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
    letters = [_letter(message) for message in asyncio.run(_read(target))]
    if output is not Form.TABLE:
        print_data(letters, output)
        return
    if not letters:
        notes().print("no dead letters")
        return
    rows = [
        [str(each["sequence"]), each["time"][:19], each["service"], each["object"], text(each, "reason")]
        for each in letters
    ]
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
    record = _letter(found[0]) | {"headers": dict(found[0].headers)}
    print_data(record, Form.YAML if output is Form.TABLE else output)


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


def _letter(message: StoredMessage) -> dict[str, Any]:
    parts = message.subject.split(".")
    body: Mapping[str, Any] = {}
    try:
        body = orjson.loads(message.body or b"{}")
    except orjson.JSONDecodeError:
        body = {"reason": "the letter itself is not JSON"}
    return {
        **body,
        "sequence": message.sequence,
        "time": message.time.isoformat(),
        "service": parts[2],
        "object": "/".join(decode_token(part) for part in parts[3:] if part != "-"),
    }
