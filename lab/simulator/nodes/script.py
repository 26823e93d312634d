"""Holds the scripted faults in force: the rules of the control file, read at the start and on request."""

from pathlib import Path

import yaml

from lab.simulator.client.resources import Document
from lab.simulator.logs import log
from lab.simulator.nodes.faults import Fault, FaultError, Rule, fault_of, read_rules


class Script:
    """The rules of one control file, or none."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._rules: tuple[Rule, ...] = ()
        if file is not None:
            self._rules = self._read(file)

    def reload(self) -> None:
        """Read the file again; one that cannot be read leaves the rules as they were."""
        if self._file is None:
            return
        try:
            self._rules = self._read(self._file)
        except FaultError as error:
            log.error("control file ignored file=%s error=%s", self._file, error)

    def fault(self, document: Document, kind: str) -> Fault | None:
        """Return the fault that strikes an object."""
        return fault_of(document, kind, self._rules)

    @staticmethod
    def _read(file: Path) -> tuple[Rule, ...]:
        try:
            return read_rules(yaml.safe_load(file.read_text()))
        except (OSError, yaml.YAMLError) as error:
            raise FaultError(f"{file}: {error}") from error
