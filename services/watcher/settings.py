"""Every knob of the watcher."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from shared.runtime.settings import ServiceSettings


class WatcherSettings(ServiceSettings):
    """What the watcher can be told."""

    resync_interval: timedelta = Field(
        timedelta(minutes=10), gt=timedelta(0), description="How often its table is compared with the log."
    )
    list_interval: timedelta = Field(
        timedelta(hours=6), gt=timedelta(0), description="How often each kind is listed afresh."
    )
    buffer_bytes: int = Field(
        16 << 20, ge=1 << 20, description="Unsent events of one kind, in bytes, before it stops reading ahead."
    )
    decisions_age: timedelta = Field(timedelta(days=7), description="How long decisions are kept.")
    decisions_bytes: int = Field(1 << 30, ge=1 << 20, description="How many bytes of decisions are kept.")
