"""The root of the command line: which commands there are, and how errors leave it.

Commands raise; only this module turns an error into a line and an exit code.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.commands import demo, dlq, doctor, down, explain, history, logs, provision, render, status, tail, up, version
from cli.failures import Exit, code_of, is_expected
from lab.launcher.processes import ProcessError
from shared.runtime import logs as logs_of_the_platform

app = typer.Typer(
    name="dynamoctl",
    help="Run, watch and question the control plane for Dynamo graphs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up", help=up.HELP)(up.up)
app.command("down", help=down.HELP)(down.down)
app.command("demo", help=demo.HELP)(demo.demo)
app.command("status", help=status.HELP)(status.status)
app.command("explain", help=explain.HELP)(explain.explain)
app.command("history", help=history.HELP)(history.history)
app.command("doctor", help=doctor.HELP)(doctor.doctor)
app.command("tail", help=tail.HELP)(tail.tail)
app.command("logs", help=logs.HELP)(logs.logs)
app.command("render", help=render.HELP)(render.render)
app.command("provision", help=provision.HELP)(provision.provision)
app.command("version", help=version.HELP)(version.version)
app.add_typer(dlq.app, name="dlq")


@app.callback()
def root(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when a command fails.")] = False,
) -> None:
    """Keep what all commands share."""
    context.obj = {"debug": debug}


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    logs_of_the_platform.configure(service="dynamoctl", level="debug" if "--debug" in given else "error")
    try:
        result = app(args=given, standalone_mode=False, prog_name="dynamoctl")
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
