"""Parity of the running services: one lab stack for each recorded cluster, recorded by the reference's own recorder.

python -m tests.parity.live [CLUSTER ...] [--keep FOLDER]

The recordings of the conformance data were made by its program `record.py`; here the same program records what the five
services make of the same manifests on the embedded API, with the workload simulator, and the same program compares.
Invariant: a difference that `accepted.json` does not list, and a manifest without a recording, fail the run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.conformance import Conformance, conformance_here
from tests.e2e.stacks import LiveStack, running_stack, state_home
from tests.parity.clusters import CLUSTERS, RecordedCluster, found_there
from tests.parity.comparison import Difference, accepted, compare, recorded
from tests.parity.events import told_of
from tests.parity.references import contents_found_there
from tests.parity.scope import documents, own_recordings

NODES = "64x8xH100,8xcpu"
AT_ONCE = 8  # manifests
LONGEST = 900  # seconds for the recordings of one cluster


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one cluster."""

    cluster: str
    manifests: int
    wrong: tuple[str, ...]
    seconds: float

    @property
    def line(self) -> str:
        """Return the cluster's line of the summary."""
        state = f"{len(self.wrong)} DIFFERENCES" if self.wrong else "equal"
        return f"{self.cluster:<12} {self.manifests:3d} manifests  {self.seconds:6.1f} s  {state}"


def main(words: Sequence[str]) -> int:
    """Run the clusters that are named, else all of them, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity.live")
    parser.add_argument("clusters", nargs="*", help="names of clusters, or their beginnings")
    parser.add_argument("--keep", type=Path, help="keep the recordings in this folder")
    arguments = parser.parse_args(words)
    chosen = [each for each in CLUSTERS if not arguments.clusters or each.name.startswith(tuple(arguments.clusters))]
    conformance = conformance_here()
    if isinstance(conformance, str):
        print(f"{len(chosen)} clusters skipped: {conformance}")
        return 0
    verdicts = []
    for cluster in chosen:
        verdicts.append(_verdict(conformance, cluster, arguments.keep))
        print("\n".join([verdicts[-1].line, *(f"  {each}" for each in verdicts[-1].wrong)]), flush=True)
    return 1 if any(each.wrong for each in verdicts) else 0


def _verdict(conformance: Conformance, cluster: RecordedCluster, keep: Path | None) -> Verdict:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        out = (keep or work) / cluster.name
        paths = list(_applied(conformance, cluster, work / "manifests"))
        with state_home(work / "state"), _stack(cluster) as stack:
            _record(conformance, stack, work / "manifests", out)
        wrong = [line for path in paths for line in _differences(conformance, cluster, path, out / path)]
    return Verdict(cluster.name, len(paths), tuple(wrong), time.monotonic() - began)


@contextmanager
def _stack(cluster: RecordedCluster) -> Iterator[LiveStack]:
    settings = tuple(f"platform.{path}={value}" for path, value in cluster.settings.items())
    name = cluster.name.lower()
    with running_stack(name, nodes=NODES, settings=settings, offers=cluster.capabilities) as stack:
        stack.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(found_there(cluster)))
        yield stack


def _applied(conformance: Conformance, cluster: RecordedCluster, folder: Path) -> Iterator[str]:
    """Write down what is applied: each manifest under its path, behind the contents that it refers to."""
    for path, _ in own_recordings(conformance, cluster):
        source = conformance.data / "manifests" / path
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        before = contents_found_there(documents(source))
        target.write_text(yaml.safe_dump_all(before) + "---\n" + source.read_text())
        yield path


def _record(conformance: Conformance, stack: LiveStack, manifests: Path, out: Path) -> None:
    recorder = conformance.tools / "parity" / "record.py"
    command = [sys.executable, str(recorder), "--kubeconfig", stack.record.kubeconfig, "--jobs", str(AT_ONCE)]
    command += ["--manifests", str(manifests), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)


def _differences(conformance: Conformance, cluster: RecordedCluster, path: str, own: Path) -> Iterable[str]:
    if not own.is_file():
        return [f"{path}: no recording"]
    reference, ours = (
        recorded(conformance, dict(own_recordings(conformance, cluster))[path]),
        recorded(conformance, own),
    )
    result = compare(conformance, reference.objects, ours.objects, accepted())
    untold = sorted(told_of(reference.events) - told_of(ours.events))
    return [f"{path}: {_said(each)}" for each in result.differences] + [f"{path}: no Event {each}" for each in untold]


def _said(difference: Difference) -> str:
    return f"{difference.where}: reference {difference.reference!r}, ours {difference.ours!r}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
