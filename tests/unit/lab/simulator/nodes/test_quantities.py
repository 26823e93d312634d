"""How quantities are read."""

import pytest

from lab.simulator.nodes.quantities import amount


@pytest.mark.parametrize(
    ("resource", "quantity", "expected"),
    [
        ("cpu", "2", 2000),
        ("cpu", "250m", 250),
        ("cpu", "0.5", 500),
        ("cpu", 1, 1000),
        ("memory", "1Ki", 1024),
        ("memory", "1.5Gi", 1610612736),
        ("memory", "2G", 2_000_000_000),
        ("memory", "1e3", 1000),
        ("nvidia.com/gpu", "8", 8),
        ("memory", "100m", 1),
        ("memory", "much", 0),
    ],
)
def test_reads_a_quantity_and_rounds_up(resource: str, quantity: str, expected: int) -> None:
    assert amount(resource, quantity) == expected
