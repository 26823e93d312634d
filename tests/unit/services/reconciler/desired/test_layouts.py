"""Where a pod stands in its replica."""

from __future__ import annotations

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.layouts import ALONE, Addresses, Layout, Role


def test_one_node_shares_nothing() -> None:
    assert not ALONE.is_shared
    assert not Layout(Role.LEADER, 1, LWS).is_shared
    assert Layout(Role.LEADER, 2, LWS).is_shared


@pytest.mark.rule("W-25", "workloads 6.4 main", "workloads 6.6 #8")
@pytest.mark.parametrize(
    ("role", "addresses"),
    [
        pytest.param(Role.MAIN, GROVE, id="nobody leads"),
        pytest.param(Role.LEADER, None, id="nobody is found"),
    ],
)
def test_several_nodes_are_never_on_their_own(role: Role, addresses: Addresses | None) -> None:
    with pytest.raises(ValueError, match="2 nodes need addresses"):
        Layout(role, 2, addresses)
