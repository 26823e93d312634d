"""Writes Kubernetes Events about what went wrong, as the genuine components do.

Invariant: the same sentence about the same object is written once, so that a standing problem costs no requests.
"""

from collections import OrderedDict

from lab.simulator.client.api import Api
from lab.simulator.client.errors import RequestError
from lab.simulator.client.resources import EVENTS, Document
from lab.simulator.logs import log
from lab.simulator.objects import timestamp
from lab.simulator.world import now

REMEMBERED = 5_000
LONGEST_MESSAGE = 1024


class Recorder:
    """Writes Events in the name of one component."""

    def __init__(self, api: Api, component: str) -> None:
        self._api = api
        self._component = component
        self._written: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def warn(self, about: Document, reason: str, message: str) -> None:
        """Write a warning about an object, unless it was the last word already."""
        sentence = (about["metadata"]["uid"], reason, message)
        if sentence in self._written:
            return
        self._written[sentence] = None
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
        try:
            await self._api.create(EVENTS, self._event(about, reason, message))
        except RequestError as error:  # an Event is news, not state: nothing depends on it
            log.info("event not written reason=%s error=%s", reason, error)

    def _event(self, about: Document, reason: str, message: str) -> Document:
        metadata, moment = about["metadata"], now()
        number = int(moment.timestamp() * 1_000_000_000)
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": f"{metadata['name']}.{number:x}", "namespace": metadata.get("namespace", "default")},
            "involvedObject": {
                "apiVersion": about["apiVersion"],
                "kind": about["kind"],
                "namespace": metadata.get("namespace", ""),
                "name": metadata["name"],
                "uid": metadata["uid"],
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "reason": reason,
            "message": message[:LONGEST_MESSAGE],
            "type": "Warning",
            "count": 1,
            "firstTimestamp": timestamp(moment),
            "lastTimestamp": timestamp(moment),
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
        }
