"""Prints where we differ from the recordings: the differing paths of all clusters, the most frequent first.

python -m tests.parity [CLUSTER ...] [--file TEXT]
"""

from __future__ import annotations

import argparse
from collections import Counter

from tests.conformance import Conformance, conformance_here
from tests.parity.clusters import CLUSTERS, RecordedCluster
from tests.parity.comparison import Difference
from tests.parity.courses import comparisons

WIDTH = 150


def main() -> None:
    """Print one block for each cluster."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity")
    parser.add_argument("clusters", nargs="*", help="names of clusters, or their beginnings")
    parser.add_argument("--file", default="", help="only manifests whose path holds this, with every difference")
    arguments = parser.parse_args()
    conformance = conformance_here()
    if isinstance(conformance, str):
        raise SystemExit(conformance)
    for cluster in CLUSTERS:
        if not arguments.clusters or cluster.name.startswith(tuple(arguments.clusters)):
            print("\n".join(_block(conformance, cluster, arguments.file)), flush=True)


def _block(conformance: Conformance, cluster: RecordedCluster, part: str) -> list[str]:
    found = [each for path, each in comparisons(conformance, cluster).items() if part in path]
    equal = sum(1 for each in found if not each.result.differences)
    lines = [f"{cluster.name}: {equal} of {len(found)} manifests equal"]
    counts: Counter[str] = Counter()
    examples: dict[str, tuple[str, Difference]] = {}
    for each in found:
        for difference in each.result.differences:
            counts[difference.where if part else difference.path] += 1
            examples.setdefault(difference.where if part else difference.path, (each.path, difference))
    for path, count in counts.most_common():
        file, difference = examples[path]
        lines.append(f"{count:6d}  {path}")
        lines.append(f"        {file}: {difference.where}"[:WIDTH])
        lines.append(f"        reference {str(difference.reference)[:WIDTH]!r}")
        lines.append(f"        ours      {str(difference.ours)[:WIDTH]!r}")
    return lines


if __name__ == "__main__":
    main()
