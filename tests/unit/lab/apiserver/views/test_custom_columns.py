"""Printer columns read the part of JSONPath that definitions use."""

from typing import Any

import pytest

from lab.apiserver.documents import Document
from lab.apiserver.views.custom_columns import custom_column

OBJECT: Document = {
    "metadata": {"name": "a", "annotations": {"a.b/c": "x"}},
    "spec": {"size": 3, "on": True, "map": {"k": 1}},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
}


@pytest.mark.parametrize(
    ("path", "kind", "cell"),
    [
        (".spec.size", "integer", 3),
        (".spec.size", "string", "3"),
        (".spec.on", "boolean", True),
        (".spec.on", "integer", None),
        (".spec.map", "string", '{"k":1}'),
        (".spec.missing", "string", None),
        ('.status.conditions[?(@.type=="Ready")].status', "string", "True"),
        (".status.conditions[1].type", "string", "Other"),
        (".status.conditions[9].type", "string", None),
        (".metadata.annotations.a\\.b/c", "string", "x"),
        (".metadata.annotations['a.b/c']", "string", "x"),
        (".spec[[", "string", None),
    ],
)
def test_a_cell_is_the_value_at_its_path(path: str, kind: str, cell: Any) -> None:
    column = custom_column({"name": "C", "type": kind, "jsonPath": path})

    assert column.value(OBJECT) == cell
