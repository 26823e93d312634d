"""`dynamoctl down`: take a local stack down."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.failures import Exit
from cli.printing import notes
from cli.targets import DEFAULT_STACK
from lab.launcher.bringup import take_down
from lab.launcher.stacks import forget_stack, list_stacks, read_stack

HELP = """Stop a local stack: its services, then its servers. Logs and data stay unless --purge is given.

Example: dynamoctl down --purge
"""


def down(
    name: Annotated[str, typer.Option("--name", help="The stack to stop; the only one if there is one.")] = "",
    purge: Annotated[bool, typer.Option("--purge", help="Remove logs and data too.")] = False,
) -> int:
    """Stop everything that belongs to a stack."""
    known = list_stacks()
    chosen = name or (known[0].name if len(known) == 1 else DEFAULT_STACK)
    stack = read_stack(chosen)
    if stack is None:
        if purge:
            forget_stack(chosen, purge=True)
        notes().print(f"stack {chosen} is not running")
        return Exit.DONE
    take_down(stack, lambda part, what: notes().print(f"{part.ljust(12)} {what}"), purge=purge)
    notes().print(f"stack {chosen} is down" + (", its logs and data are removed" if purge else ""))
    return Exit.DONE
