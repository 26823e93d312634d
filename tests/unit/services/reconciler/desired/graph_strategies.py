"""Graphs that users may write, and clusters that they may apply them to: strategies for properties of rendering.

Every graph is valid on its platform: what it asks for can be made there, so a problem in its rendering is a bug. What
cannot be made (a gang without an orchestrator, two engines in one command) is left to tests that name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from services.reconciler.desired.component import Surroundings
from shared.api.platform import Capability, IngressDefaults, Istio, PlatformContext
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph

GROVE, LWS, KAI, ISTIO = Capability.GROVE, Capability.LWS, Capability.KAI, Capability.ISTIO
OFFERS: tuple[tuple[Capability, ...], ...] = ((), (LWS,), (GROVE,), (GROVE, KAI), (GROVE, ISTIO, KAI, LWS))
ENGINES = ("vllm", "sglang", "trtllm")
WORKERS = ("worker", "prefill", "decode")
OTHERS = ("frontend", "planner", "gateway", "")
QUEUE = "team-a"

# Short enough for the names that Grove makes of them: set, group and clique have 45 characters together (W-46).
GRAPH_NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
SERVICE_NAMES = st.from_regex(r"[A-Za-z]([-A-Za-z0-9]{0,8}[A-Za-z0-9])?", fullmatch=True)

VARIABLES = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("ABC"), "value": st.sampled_from(["1", "$(A)", "$(C)"])}), max_size=3
)
LABELS = st.dictionaries(st.sampled_from(["a", "team", "nvidia.com/selector"]), st.sampled_from(["1", "x-y", ""]))
PODS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"tolerations": [{"operator": "Exists"}], "nodeSelector": {"b": "1", "a": "2"}},
        {"securityContext": {}, "serviceAccountName": "mine"},
        {"containers": [{"name": "sidecar", "image": "x"}], "terminationGracePeriodSeconds": 0},
        {"volumes": [{"name": "v", "emptyDir": {}}], "imagePullSecrets": [{"name": "own"}]},
    ]
)
INGRESSES = st.sampled_from(
    [
        {"enabled": True, "host": "chat", "ingressControllerClassName": "nginx", "tls": {"secretName": "t"}},
        {"enabled": True, "host": "chat", "useVirtualService": True, "virtualServiceGateway": "ns/gw"},
        {"enabled": False, "host": "chat"},
    ]
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "replicas": st.integers(0, 4),
    "subComponentType": st.sampled_from(["decode", "x"]),
    "envs": VARIABLES,
    "envFromSecret": st.just("hf"),
    "labels": LABELS,
    "annotations": st.sampled_from(
        [{"nvidia.com/enable-metrics": "false"}, {"nvidia.com/deployment-strategy": "Recreate", "a": "b"}]
    ),
    "globalDynamoNamespace": st.booleans(),
    "sharedMemory": st.sampled_from([{"disabled": True}, {"size": "1Gi"}]),
    "extraPodMetadata": st.fixed_dictionaries({"labels": LABELS, "annotations": st.just({"p": "1"})}),
    "volumeMounts": st.just([{"name": "v", "mountPoint": "/v"}, {"name": "v", "mountPoint": "/w"}]),
    "modelRef": st.fixed_dictionaries({"name": st.sampled_from(["m", "org/model"])}),
    "readinessProbe": st.just({"tcpSocket": {"port": 1}}),
    "ingress": INGRESSES,
    "scalingAdapter": st.fixed_dictionaries({"enabled": st.booleans()}),
    "futureField": st.just({"deep": [1, {"x": "y"}]}),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A graph and the cluster that it is rendered for."""

    graph: dict[str, Any]
    platform: PlatformContext
    surroundings: Surroundings

    @property
    def is_in_one_set(self) -> bool:
        """Say whether Grove runs the graph."""
        annotations = self.graph["metadata"].get("annotations") or {}
        return self.platform.offers(GROVE) and annotations.get("nvidia.com/enable-grove", "") != "false"

    def without(self, service: str) -> Case:
        """Return the same case whose graph has one service less."""
        services = {name: each for name, each in self.graph["spec"]["services"].items() if name != service}
        return Case({**self.graph, "spec": {**self.graph["spec"], "services": services}}, self.platform, NEIGHBOURS)


NEIGHBOURS = Surroundings(pull_secrets={"nvcr.io": ("z", "a")}, component_accounts=("component",))


@st.composite
def cases(draw: st.DrawFn, min_services: int = 1) -> Case:
    """Return a valid graph together with a platform that can run it."""
    offers = draw(st.sampled_from(OFFERS))
    annotations = draw(_annotations())
    may_span_nodes = LWS in offers or (GROVE in offers and annotations.get("nvidia.com/enable-grove") != "false")
    engine = draw(st.sampled_from(ENGINES))
    names = draw(st.lists(SERVICE_NAMES, min_size=min_services, max_size=4, unique_by=str.lower))
    graph = a_graph(
        {name: draw(_services(engine, may_span_nodes)) for name in names},
        name=draw(GRAPH_NAMES),
        annotations=annotations,
        envs=draw(VARIABLES),
        **draw(st.sampled_from([{}, {"backendFramework": engine}])),
    )
    return Case(graph, draw(_platforms()).with_capabilities(offers), NEIGHBOURS)


@st.composite
def _services(draw: st.DrawFn, engine: str, may_span_nodes: bool) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4, unique=True))
    fields = {name: draw(FIELDS[name]) for name in names}
    pod = dict(draw(PODS))
    if draw(st.booleans()):
        return {"componentType": draw(st.sampled_from(OTHERS)), **fields, "extraPodSpec": pod}
    worker = {"componentType": draw(st.sampled_from(WORKERS)), "resources": draw(_resources()), **fields}
    worker["extraPodSpec"] = {**pod, "mainContainer": {"image": "nvcr.io/x:1", **draw(_commands(engine))}}
    if may_span_nodes and draw(st.booleans()):
        worker["multinode"] = draw(st.sampled_from([{}, {"nodeCount": 2}, {"nodeCount": 4}]))
    return worker


@st.composite
def _commands(draw: st.DrawFn, engine: str) -> dict[str, Any]:
    """Return a command of one engine, as words or as a line for a shell."""
    more = draw(
        st.sampled_from([[], ["--tensor-parallel-size", "16"], ["--data-parallel-size", "16"], ["--x", '{"a": "b c"}']])
    )
    words = ["python3", "-m", f"dynamo.{engine}", "--model", "m", *more]
    if draw(st.booleans()):
        return {"command": words[:3], "args": words[3:]}
    return {"command": ["/bin/sh", "-c"], "args": [" ".join(words[:5])]}


def _resources() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(
        [
            {"limits": {"gpu": "8"}},
            {"requests": {"gpu": "2", "cpu": "1000m"}, "limits": {"gpu": "2", "memory": "1024Mi"}},
            {"limits": {"gpu": "1", "gpuType": "amd.com/gpu", "custom": {"rdma/ib": "1"}}},
        ]
    )


def _annotations() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "nvidia.com/enable-grove": st.sampled_from(["false", "true"]),
            "nvidia.com/dynamo-discovery-backend": st.sampled_from(["etcd", "kubernetes"]),
            "nvidia.com/enable-metrics": st.just("false"),
            "nvidia.com/kai-scheduler-queue": st.just(f" {QUEUE} "),
            "unrelated": st.just("1"),
        },
    )


def _platforms() -> st.SearchStrategy[PlatformContext]:
    with_doors = PLATFORM.model_copy(
        update={
            "ingress": IngressDefaults(class_name="nginx", tls_secret_name="t", host_suffix="example.com"),
            "istio": Istio(gateway="ns/gw"),
        }
    )
    return st.sampled_from([PLATFORM, with_doors])
