"""Output: results on standard output in the form that was asked for, everything else on standard error.

Colour only on a terminal and never with NO_COLOR (rich keeps both rules).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import orjson
import typer
import yaml
from rich.console import Console
from rich.table import Table


class Form(StrEnum):
    """How objects are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


FormOption = Annotated[Form, typer.Option("-o", "--output", help="How to print the result.")]


def console() -> Console:
    """Return the console for results."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def notes() -> Console:
    """Return the console for progress and remarks."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=not sys.stderr.isatty())


def print_data(value: object, form: Form) -> None:
    """Print a value as JSON or YAML."""
    if form is Form.JSON:
        print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    else:
        print(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), end="")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings, in columns that are as wide as their content."""
    if not sys.stdout.isatty():
        widths = [max(len(row[index]) for row in [headings, *rows]) for index in range(len(headings))]
        for row in [headings, *rows]:
            print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)
