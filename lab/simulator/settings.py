"""Every knob of the simulator, read once from the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lab.simulator.delays import Delays, Range
from lab.simulator.nodes.shapes import DEFAULT_NODES, ShapeError, shapes


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of the simulator does."""

    kubeconfig: Path
    context: str | None
    nodes: str
    seed: int
    delays: Delays
    faults: Path | None
    ready_file: Path | None
    has_controllers: bool
    has_scheduler: bool
    heartbeat: timedelta | None
    log_level: str


def settings(arguments: Sequence[str] | None = None) -> Settings:
    """Return the settings that a command line gives."""
    given = _parser().parse_args(arguments)
    return Settings(
        kubeconfig=given.kubeconfig,
        context=given.context,
        nodes=given.nodes,
        seed=given.seed,
        delays=Delays(
            start=given.start_delay,
            ready=given.ready_delay,
            run=given.run_delay,
            stop=given.stop_delay,
            settle=given.settle_delay,
            speed=given.speed,
        ),
        faults=given.faults,
        ready_file=given.ready_file,
        has_controllers=given.controllers,
        has_scheduler=given.scheduler,
        heartbeat=timedelta(seconds=given.heartbeat) if given.heartbeat else None,
        log_level=given.log_level,
    )


def _parser() -> argparse.ArgumentParser:
    defaults = Delays()
    parser = argparse.ArgumentParser(
        prog="python -m lab.simulator",
        description="Makes workloads run on simulated nodes of any Kubernetes API.",
        epilog="example: python -m lab.simulator --kubeconfig ./kubeconfig --nodes 2x8xH100,2xcpu",
        allow_abbrev=False,
    )
    parser.add_argument("--kubeconfig", type=Path, required=True, help="which cluster, and who asks")
    parser.add_argument("--context", help="context of the kubeconfig; its current one if not given")
    parser.add_argument("--nodes", type=_nodes, default=DEFAULT_NODES, help="nodes to create, such as %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="what delays and names are drawn from")
    parser.add_argument("--speed", type=_positive, default=defaults.speed, help="divides every delay")
    parser.add_argument("--start-delay", type=_range, default=defaults.start, help="seconds from node to running, a-b")
    parser.add_argument("--ready-delay", type=_range, default=defaults.ready, help="seconds from running to ready, a-b")
    parser.add_argument(
        "--run-delay", type=_range, default=defaults.run, help="seconds that the pod of a Job takes, a-b"
    )
    parser.add_argument("--stop-delay", type=_range, default=defaults.stop, help="seconds from deletion to gone, a-b")
    parser.add_argument(
        "--settle-delay", type=float, default=defaults.settle, help="seconds that a passing count may stay unwritten"
    )
    parser.add_argument("--faults", type=Path, help="control file with scripted faults; read again on SIGHUP")
    parser.add_argument("--ready-file", type=Path, help="file to write when everything is watched and all nodes exist")
    for part, what in (("controllers", "the workload controllers"), ("scheduler", "the scheduler")):
        parser.add_argument(
            f"--{part}",
            action=argparse.BooleanOptionalAction,
            default=True,
            help=f"run {what}; a genuine cluster has its own",
        )
    parser.add_argument(
        "--heartbeat", type=_positive, help="seconds between lease renewals; a genuine control plane needs them"
    )
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    return parser


def _nodes(text: str) -> str:
    try:
        shapes(text)
    except ShapeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return number


def _range(text: str) -> Range:
    low, _, high = text.partition("-")
    bounds = float(low), float(high or low)
    if not 0 <= bounds[0] <= bounds[1]:
        raise argparse.ArgumentTypeError("must be such as 0.1-0.3")
    return bounds
