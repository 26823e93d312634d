"""The root of the command line: which commands there are, and how errors leave it.

Commands raise; only this module turns an error into a line and an exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from cli.failures import Exit, code_of, is_expected
from lab.launcher.processes import ProcessError
from shared.runtime import logs as logs_of_the_platform

COMMANDS = (
    "up",
    "down",
    "demo",
    "status",
    "explain",
    "history",
    "doctor",
    "tail",
    "logs",
    "render",
    "provision",
    "version",
    "dlq",
)


def root(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when a command fails.")] = False,
) -> None:
    """Keep what all commands share."""
    context.obj = {"debug": debug}


def application(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the application with some of the commands; each is a module with a function of its name, or an `app`."""
    app = typer.Typer(
        name="dynamoctl",
        help="Run, watch and question the control plane for Dynamo graphs.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    for name in commands:
        module = import_module(f"cli.commands.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name, help=module.HELP)(getattr(module, name))
    return app


def needed(arguments: Sequence[str]) -> Sequence[str]:
    """Return the commands that a call may mean: importing all of them takes longer than most of them run."""
    first = next((each for each in arguments if not each.startswith("-")), "")
    return [first] if first in COMMANDS else COMMANDS


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    logs_of_the_platform.configure(service="dynamoctl", level="debug" if "--debug" in given else "error")
    try:
        result = application(needed(given))(args=given, standalone_mode=False, prog_name="dynamoctl")
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as wrong:  # also what typer's own parser raises
        _show_usage_error(wrong)
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, as `head` does; there is nobody left to tell
        return Exit.DONE
    except Exception as error:  # the last stop before a person: every failure becomes one line
        if "--debug" in given or not (is_expected(error) or isinstance(error, ProcessError)):
            raise
        print(f"dynamoctl: {error}", file=sys.stderr)
        return code_of(error)
    return int(result) if isinstance(result, int) else Exit.DONE


def _show_usage_error(error: typer.TyperException) -> None:
    show = getattr(error, "show", None)  # every error of the parser has it; the base class alone does not declare it
    if callable(show):
        show(file=sys.stderr)
    else:
        print(f"dynamoctl: {error}", file=sys.stderr)
