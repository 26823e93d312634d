"""What a pass depends on besides its primary: everything of its own namespace, nothing of others."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.handlers.concerns import concerned_by_fact
from services.reconciler.handlers.contexts import NO_ORCHESTRATORS, NO_SURROUNDINGS, Context, Contexts
from services.reconciler.handlers.surroundings import Neighbourhoods
from shared.api.platform import Capability, PlatformContext
from shared.contracts.facts import (
    ACCOUNTS,
    GPU,
    ORCHESTRATORS,
    QUEUES,
    REGISTRIES,
    SSH_SOURCE,
    encode_accounts,
    encode_registries,
    encode_ssh_source,
    of_namespace,
)
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS, GRAPHS, Ref
from shared.ports.passes import Work
from shared.testing.facts import facts_of_a_cluster
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, WEB, a_graph
from tests.unit.shared.applying.worlds import Fence, a_view

OWN, OTHER = of_namespace(REGISTRIES, NAMESPACE), of_namespace(REGISTRIES, "elsewhere")
MARKED = of_namespace(ACCOUNTS, NAMESPACE)
KEYS = encode_registries({"nvcr.io": ["two", "one"]})


def a_pass(facts: dict[str, bytes], *seen: Manifest, primary: Ref = CHAT) -> Work:
    """Return a pass with some facts."""
    return Work(primary, a_view(seen), Fence(), "edit", facts=facts)


def context(facts: dict[str, bytes], *seen: Manifest, primary: Ref = CHAT) -> Context:
    """Return the context of a pass in a cluster that everybody has looked at."""
    found = Contexts(PlatformContext()).of(a_pass(facts_of_a_cluster() | facts, *seen, primary=primary))
    assert isinstance(found, Context)
    return found


def seen_graph(**spec: Any) -> Manifest:
    graph = a_graph()
    graph["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    graph["spec"]["services"]["web"] = {**graph["spec"]["services"]["web"], **spec}
    return graph


def test_other_offers_are_another_context() -> None:
    contexts = Contexts(PlatformContext())
    plain = a_pass(facts_of_a_cluster())
    grove = a_pass(facts_of_a_cluster([Capability.GROVE]))

    first, again, other = contexts.of(plain), contexts.of(plain), contexts.of(grove)

    assert isinstance(first, Context)
    assert isinstance(other, Context)
    assert first == again
    assert first.digest != other.digest
    assert other.platform.offers(Capability.GROVE)


@pytest.mark.rule("OB-07", "W-19")
@pytest.mark.parametrize(
    ("missing", "obstacle"),
    [(ORCHESTRATORS, NO_ORCHESTRATORS), (REGISTRIES, NO_SURROUNDINGS), (ACCOUNTS, NO_SURROUNDINGS)],
)
def test_nothing_is_rendered_before_somebody_has_looked(missing: str, obstacle: object) -> None:
    facts = facts_of_a_cluster()
    del facts[missing]

    assert Contexts(PlatformContext()).of(a_pass(facts)) == obstacle


@pytest.mark.rule("workloads 5.8 #9", "PS-T7", "PS-06")
def test_pull_secrets_and_accounts_are_those_of_the_own_namespace() -> None:
    found = context({OWN: KEYS, OTHER: encode_registries({"nvcr.io": ["three"]}), MARKED: encode_accounts(["b", "a"])})

    assert found.surroundings.pull_secrets == {"nvcr.io": ("one", "two")}
    assert found.surroundings.component_accounts == ("a", "b")


def test_a_change_in_another_namespace_changes_nothing() -> None:
    assert context({OTHER: KEYS}).digest == context({}).digest
    assert context({OWN: KEYS}).digest != context({}).digest
    assert context({MARKED: encode_accounts(["a"])}).digest != context({}).digest


@pytest.mark.rule("W-05")
@pytest.mark.parametrize(
    ("spec", "is_concerned"),
    [pytest.param({}, False, id="one node"), pytest.param({"multinode": {"nodeCount": 2}}, True, id="two nodes")],
)
def test_the_version_of_the_ssh_keys_concerns_graphs_that_span_nodes(spec: dict[str, Any], is_concerned: bool) -> None:
    graph = seen_graph(**spec)
    facts = {SSH_SOURCE: encode_ssh_source("2")}

    queued = list(concerned_by_fact(SSH_SOURCE, [CHAT, WEB], a_view([graph])))

    assert (context(facts, graph).digest != context({}, graph).digest) == is_concerned
    assert queued == ([CHAT] if is_concerned else [])


@pytest.mark.parametrize(
    ("fact", "concerned"),
    [
        (ORCHESTRATORS, ["chat", "chat-web", "far", "far-web"]),
        (REGISTRIES, ["chat", "chat-web", "far", "far-web"]),
        (ACCOUNTS, ["chat", "chat-web", "far", "far-web"]),
        (of_namespace(REGISTRIES, NAMESPACE), ["chat", "chat-web"]),
        (of_namespace(ACCOUNTS, "elsewhere"), ["far", "far-web"]),
        (QUEUES, ["chat", "far"]),
        (GPU, []),
    ],
)
def test_a_fact_queues_those_whom_it_concerns(fact: str, concerned: list[str]) -> None:
    primaries = [CHAT, WEB, Ref(GRAPHS, "elsewhere", "far"), Ref(COMPONENTS, "elsewhere", "far-web")]

    assert [primary.name for primary in concerned_by_fact(fact, primaries, a_view())] == concerned


def test_namespaces_that_are_gone_take_no_memory() -> None:
    around, known = facts_of_a_cluster(), Neighbourhoods()
    for number in range(20):
        known.of(around | {of_namespace(REGISTRIES, f"gone-{number}"): KEYS}, f"gone-{number}")
        known.of(around, f"bare-{number}")
    known.of(around | {OWN: KEYS}, NAMESPACE)

    assert list(known._known) == [NAMESPACE]
