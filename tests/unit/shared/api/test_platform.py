"""What rendering depends on besides the rendered object."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.api.platform import Capability, DiscoveryBackend, PlatformContext, capabilities_of, setting_paths
from shared.core.errors import InvalidObjectError


@pytest.mark.rule("workloads 1.4 #1")
@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["grove.io", "apps"], (Capability.GROVE,)),
        (["leaderworkerset.x-k8s.io"], ()),
        (["leaderworkerset.x-k8s.io", "scheduling.volcano.sh"], (Capability.LWS,)),
        (["scheduling.run.ai", "networking.istio.io"], (Capability.ISTIO, Capability.KAI)),
        ([], ()),
    ],
)
def test_a_capability_needs_all_of_its_groups(groups: list[str], expected: tuple[Capability, ...]) -> None:
    assert capabilities_of(groups) == expected


def test_settings_are_replaced_by_path() -> None:
    context = PlatformContext().with_settings(
        {
            "ingress.className": "nginx",
            "discovery.backend": "etcd",
            "grove.terminationDelay": "PT5M",
            "capabilities": "kai,grove",
        }
    )

    assert context.ingress.class_name == "nginx"
    assert context.discovery.backend is DiscoveryBackend.ETCD
    assert context.grove.termination_delay == timedelta(minutes=5)
    assert context.capabilities == (Capability.GROVE, Capability.KAI)
    assert context.offers(Capability.KAI)


@pytest.mark.rule("workloads 1.4 discovery-backend")
@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("ingress.classname", "x", "the nearest known one is platform.ingress.className"),
        ("discovery.backend", "consul", "platform.discovery.backend"),
        ("capabilities", "mesh", "platform.capabilities"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_by_name(path: str, value: str, message: str) -> None:
    with pytest.raises(InvalidObjectError, match=message):
        PlatformContext().with_settings({path: value})


def test_every_path_can_be_set_to_what_it_is() -> None:
    assert "mpi.sshSecretName" in setting_paths()
    assert "capabilities" in setting_paths()


def test_equal_contexts_have_equal_digests() -> None:
    one = PlatformContext(capabilities=(Capability.KAI, Capability.GROVE))
    other = PlatformContext().with_capabilities([Capability.GROVE, Capability.KAI, Capability.KAI])

    assert one.digest == other.digest
    assert one.digest != PlatformContext().digest
