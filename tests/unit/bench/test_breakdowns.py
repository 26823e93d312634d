from __future__ import annotations

from tests.bench.breakdowns import Carried, Pass, parts
from tests.bench.events import Timing
from tests.bench.observers import Moment
from tests.bench.stages import Edit

EDIT = Carried(Edit("bench-1", "3f2a91c0-0000", 2, 77, Moment()), sent=10.0, carried=10.5)
CHANGE = Timing("dynamographdeployments", "bench-1", 77, 2, observed=10.1, stored=10.125)
GRAPH = Pass("DynamoGraphDeployment", "bench-1", "3f2a91c0.2", began=10.25)
COMPONENT = Pass("DynamoComponentDeployment", "bench-1-decode", "3f2a91c0.2", began=10.375)


def test_the_parts_of_an_edit_add_up_to_the_whole() -> None:
    (found,) = parts([EDIT], [CHANGE], [GRAPH, COMPONENT])

    assert [round(each, 3) for each in found] == [0.1, 0.025, 0.125, 0.125, 0.125]


def test_the_first_pass_of_an_edit_counts() -> None:
    later = Pass(GRAPH.kind, GRAPH.name, GRAPH.correlation, began=10.4)

    assert list(parts([EDIT], [CHANGE], [later, GRAPH, COMPONENT])) == list(parts([EDIT], [CHANGE], [GRAPH, COMPONENT]))


def test_passes_of_another_edit_do_not_count() -> None:
    earlier = Pass(COMPONENT.kind, COMPONENT.name, "3f2a91c0.1", began=9.0)

    assert list(parts([EDIT], [CHANGE], [GRAPH, earlier])) == []
