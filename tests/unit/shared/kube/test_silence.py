"""A quiet cluster says nothing: a watch is not given up for that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.kube.informers import InformerOptions
from shared.kube.watches import LIFETIME
from shared.runtime.settings import ServiceSettings


@pytest.mark.parametrize(
    "patience",
    [
        pytest.param(InformerOptions().silence, id="of an informer"),
        pytest.param(ServiceSettings().watch_silence, id="of a service"),
    ],
)
def test_a_watch_may_be_silent_for_its_whole_life(patience: timedelta) -> None:
    assert patience > timedelta(seconds=max(LIFETIME))
