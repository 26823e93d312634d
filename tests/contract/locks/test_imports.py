"""What runs in an image imports only what requirements.lock holds: the lab's and the tests' packages are not there."""

from __future__ import annotations

import subprocess
import sys

from tests.contract.locks.test_locks import ROOT, SERVICES, packages

IMPORT_ALL = """
import importlib, importlib.metadata, importlib.util, pathlib, sys
from packaging.utils import canonicalize_name

locked = set(sys.argv[1].split(","))
owners = importlib.metadata.packages_distributions()
absent = {
    module
    for module, names in owners.items()
    if not {canonicalize_name(name) for name in names} & {*locked, "dynamo-platform"}
}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r} in the image", name=name)

for name in [name for name in sys.modules if name.partition(".")[0] in absent]:
    del sys.modules[name]
sys.meta_path.insert(0, Absent())
for folder in ("services", "shared", "cli", "lab/launcher"):
    for path in sorted(pathlib.Path(folder).rglob("*.py")):
        if "testing" not in path.parts and path.name != "__main__.py":
            importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
"""


def test_services_and_command_line_need_nothing_beyond_their_lock() -> None:
    locked = ",".join(packages(SERVICES))

    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, locked], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
