"""What an applied configuration claims, and what is said of one that does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.ownership.claims import fields_of
from lab.apiserver.ownership.typed import AppliedObjectError
from tests.unit.lab.apiserver.ownership.samples import BOX, a_box


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        pytest.param({"size": 1}, [".spec.size"], id="a scalar"),
        pytest.param({"limits": {"cpu": "1"}}, [".spec.limits.cpu"], id="declared objects are not claimed themselves"),
        pytest.param({"limits": {}}, [".spec.limits"], id="an empty object is"),
        pytest.param({"labels": {"a": "1"}}, [".spec.labels.a"], id="free keys"),
        pytest.param(
            {"parts": {"p": {"name": "n"}}}, [".spec.parts.p", ".spec.parts.p.name"], id="values of free keys"
        ),
        pytest.param({"plain": ["a"]}, [".spec.plain"], id="an atomic list is one field"),
        pytest.param({"pair": {"a": "1"}}, [".spec.pair"], id="an atomic map is one field"),
        pytest.param({"tags": ["a"]}, ['.spec.tags[="a"]'], id="each member of a set"),
        pytest.param({"tags": []}, [], id="an empty list claims nothing"),
        pytest.param(
            {"env": [{"name": "x", "value": "1"}]},
            ['.spec.env[name="x"]', '.spec.env[name="x"].name', '.spec.env[name="x"].value'],
            id="an item of a list map is claimed with its fields",
        ),
        pytest.param(
            {"ports": [{"port": 80}]},
            ['.spec.ports[port=80,protocol="TCP"]', '.spec.ports[port=80,protocol="TCP"].port'],
            id="default keys take part in the key",
        ),
        pytest.param({"free": {"a": {"b": 1}}}, [".spec.free.a", ".spec.free.a.b"], id="undeclared objects"),
        pytest.param({"free": {"a": [{"b": 1}]}}, [".spec.free.a"], id="undeclared lists are atomic"),
        pytest.param({"port": "http"}, [".spec.port"], id="numbers or strings"),
        pytest.param({"color": None}, [".spec.color"], id="null"),
    ],
)
def test_claims_fields_as_the_schema_says(spec: dict[str, Any], paths: list[str]) -> None:
    claimed = [path for path in fields_of(a_box(**spec), BOX).paths() if path.startswith(".spec")]

    assert claimed == paths


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"bogus": 1}, ".spec.bogus: field not declared in schema", id="undeclared"),
        pytest.param({"size": "big"}, ".spec.size: expected numeric (int or float), got string", id="no number"),
        pytest.param(
            {"color": 1}, ".spec.color: expected string, got &value.valueUnstructured{Value:1}", id="no string"
        ),
        pytest.param(
            {"color": {"a": [None, "x"]}},
            '.spec.color: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":'
            '[]interface {}{interface {}(nil), "x"}}}',
            id="an object for a string",
        ),
        pytest.param({"open": "yes"}, ".spec.open: expected boolean, got &{yes}", id="no boolean"),
        pytest.param({"env": {"name": "x"}}, ".spec.env: expected list, got &{map[name:x]}", id="no list"),
        pytest.param({"limits": ["x", None]}, ".spec.limits: expected map, got &{[x <nil>]}", id="no map"),
        pytest.param({"port": [1]}, ".spec.port: expected any scalar, got &{[1]}", id="no scalar"),
        pytest.param(
            {"env": [{"name": "x"}, {"name": "x"}]}, '.spec.env: duplicate entries for key [name="x"]', id="twice"
        ),
        pytest.param({"tags": ["a", "a"]}, '.spec.tags: duplicate entries for key [="a"]', id="twice in a set"),
        pytest.param(
            {"env": [{"value": "1"}]},
            ".spec.env: element 0: associative list with keys has an element that omits all key fields "
            '["name"] (and doesn\'t have default values for any key fields)',
            id="no key",
        ),
        pytest.param(
            {"env": [None]},
            ".spec.env: element 0: associative list with keys may not have a null element",
            id="a null item",
        ),
        pytest.param(
            {"env": ["x"]},
            ".spec.env: element 0: associative list with keys may not have non-map elements",
            id="an item that is no object",
        ),
        pytest.param(
            {"tags": [{}]},
            ".spec.tags: element 0: associative list without keys has an element that's a map type",
            id="an object in a set",
        ),
        pytest.param(
            {"tags": [[]]},
            ".spec.tags: element 0: not supported: associative list with lists as elements",
            id="a list in a set",
        ),
        pytest.param(
            {"plain": [1]},
            ".spec.plain[0]: expected string, got &value.valueUnstructured{Value:1}",
            id="inside an atomic list",
        ),
        pytest.param({"pair": {"z": 1}}, ".spec.pair.z: field not declared in schema", id="inside an atomic map"),
    ],
)
def test_says_what_does_not_fit(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(AppliedObjectError) as refused:
        fields_of(a_box(**spec), BOX)

    assert str(refused.value) == message


def test_lists_all_errors() -> None:
    with pytest.raises(AppliedObjectError) as refused:
        fields_of(a_box(bogus=1, size="x"), BOX)

    assert str(refused.value) == (
        "errors:\n"
        "  .spec.bogus: field not declared in schema\n"
        "  .spec.size: expected numeric (int or float), got string"
    )
