"""What people do with kubectl works as it does against a genuine server."""

import json

import pytest

from tests.integration.lab.kubectl import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: main, image: "app:1", env: [{name: A, value: b}], ports: [{containerPort: 80}]}
"""
WIDGET = """
apiVersion: lab.example.com/v1
kind: Widget
metadata: {name: one}
spec: {size: 3}
"""


@pytest.mark.parametrize("mode", [(), ("--server-side",)], ids=["from the client", "on the server"])
def test_apply_creates_and_then_changes_nothing(kubectl: Kubectl, mode: tuple[str, ...]) -> None:
    kubectl.apply(DEPLOYMENT, *mode)
    before = kubectl.run("get", "deployment", "web", "-o", "jsonpath={.metadata.resourceVersion}")

    kubectl.apply(DEPLOYMENT, *mode)

    assert kubectl.run("get", "deployment", "web", "-o", "jsonpath={.metadata.resourceVersion}") == before


def test_apply_removes_what_the_file_no_longer_says(kubectl: Kubectl) -> None:
    kubectl.apply(DEPLOYMENT)

    kubectl.apply(DEPLOYMENT.replace(", env: [{name: A, value: b}]", ""))

    assert kubectl.run("get", "deployment", "web", "-o", "jsonpath={..env}") == ""


def test_a_deployment_gets_the_defaults_of_a_genuine_server(kubectl: Kubectl) -> None:
    kubectl.apply(DEPLOYMENT)

    spec = json.loads(kubectl.run("get", "deployment", "web", "-o", "json"))["spec"]

    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert spec["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_create_sends_protobuf_and_is_understood(kubectl: Kubectl) -> None:
    kubectl.run("create", "secret", "generic", "token", "--from-literal=key=value")

    encoded = kubectl.run("get", "secret", "token", "-o", "jsonpath={.data.key}")

    assert encoded == "dmFsdWU="


def test_get_prints_the_columns_of_the_definition(kubectl: Kubectl) -> None:
    kubectl.apply(WIDGET)

    header, row = kubectl.run("get", "wd").splitlines()

    assert header.split() == ["NAME", "SIZE", "READY"]
    assert row.split() == ["one", "3"]


def test_describe_and_explain_know_custom_resources(kubectl: Kubectl) -> None:
    kubectl.apply(WIDGET)

    assert "Size:" in kubectl.run("describe", "widget", "one")
    assert "replicas" in kubectl.run("explain", "widget.spec")


def test_wait_sees_a_condition_of_the_status(kubectl: Kubectl) -> None:
    kubectl.apply(WIDGET)
    status = '{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}'

    kubectl.run("patch", "widget", "one", "--subresource=status", "--type=merge", "-p", status)

    assert "condition met" in kubectl.run("wait", "--for=condition=Ready", "widget/one", "--timeout=10s")


def test_scale_writes_through_the_subresource(kubectl: Kubectl) -> None:
    kubectl.apply(WIDGET)

    kubectl.run("scale", "widget", "one", "--replicas=4")

    assert kubectl.run("get", "widget", "one", "-o", "jsonpath={.spec.replicas}") == "4"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param("{size: 13}", "thirteen is unlucky", id="a rule in CEL"),
        pytest.param("{size: 0}", "should be greater than or equal to 1", id="a bound"),
        pytest.param("{}", "spec.size: Required value", id="a missing field"),
        pytest.param("{size: 1, sice: 2}", 'unknown field "spec.sice"', id="an unknown field"),
    ],
)
def test_a_refusal_names_the_field_and_the_rule(kubectl: Kubectl, spec: str, told: str) -> None:
    answer = kubectl.try_run("apply", "-f", "-", stdin=WIDGET.replace("{size: 3}", spec))

    assert answer.code == 1
    assert told in answer.err


def test_server_side_apply_reports_the_other_manager(kubectl: Kubectl) -> None:
    kubectl.apply(WIDGET, "--server-side", "--field-manager=first")

    answer = kubectl.try_run(
        "apply", "-f", "-", "--server-side", "--field-manager=second", stdin=WIDGET.replace("size: 3", "size: 4")
    )

    assert answer.code == 1
    assert 'conflict with "first": .spec.size' in answer.err


def _with_a_child(kubectl: Kubectl) -> None:
    kubectl.apply(WIDGET)
    uid = kubectl.run("get", "widget", "one", "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "lab.example.com/v1", "kind": "Widget", "name": "one", "uid": uid}
    metadata = {"name": "child", "ownerReferences": [owner | {"blockOwnerDeletion": True}]}
    kubectl.apply(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))


@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_what_an_object_owns_goes_with_it(kubectl: Kubectl, cascade: str) -> None:
    _with_a_child(kubectl)

    kubectl.run("delete", "widget", "one", f"--cascade={cascade}", "--wait")
    kubectl.try_run("wait", "--for=delete", "--timeout=10s", "configmap/child")

    assert kubectl.run("get", "configmap", "-o", "name") == ""


def test_what_is_orphaned_stays_and_forgets_its_owner(kubectl: Kubectl) -> None:
    _with_a_child(kubectl)

    kubectl.run("delete", "widget", "one", "--cascade=orphan", "--wait")

    assert kubectl.run("get", "configmap", "child", "-o", "jsonpath={.metadata.ownerReferences}") == ""


def test_a_deleted_namespace_takes_everything_along(kubectl: Kubectl) -> None:
    kubectl.apply(DEPLOYMENT)

    kubectl.run("delete", "namespace", kubectl.namespace, "--wait", "--timeout=10s")

    assert kubectl.try_run("get", "namespace", kubectl.namespace).code == 1


def test_a_namespace_has_its_default_account(kubectl: Kubectl) -> None:
    assert "default" in kubectl.run("get", "serviceaccount", "-o", "name")


def test_a_service_has_an_address_that_stays(kubectl: Kubectl) -> None:
    kubectl.run("create", "service", "clusterip", "web", "--tcp=80")
    address = kubectl.run("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")

    answer = kubectl.try_run("patch", "service", "web", "-p", '{"spec": {"clusterIP": "10.96.99.99"}}')

    assert address.startswith("10.96.")
    assert "field is immutable" in answer.err


def test_a_strategic_patch_merges_containers_by_name(kubectl: Kubectl) -> None:
    kubectl.apply(DEPLOYMENT)

    kubectl.run("set", "image", "deployment/web", "main=app:2")

    assert kubectl.run("get", "deployment", "web", "-o", "jsonpath={..image}") == "app:2"
    assert kubectl.run("get", "deployment", "web", "-o", "jsonpath={..env[0].name}") == "A"


def test_discovery_lists_built_in_and_custom_kinds(kubectl: Kubectl) -> None:
    listed = kubectl.run("api-resources", "-o", "name")

    assert "deployments.apps" in listed
    assert "widgets.lab.example.com" in listed
