"""Reads Kubernetes quantities ("500m", "16Gi", "1e3") as whole numbers.

Pure. Invariants: rounding is up, as the scheduler's is; what is no quantity counts as nothing, since refusing it is the
API server's business and one bad object must not stop a cluster.
"""

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import ceil

_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


@lru_cache(maxsize=4096)
def amount(resource: str, quantity: str | int | float) -> int:
    """Return a quantity in the unit that sums are kept in: thousandths for cpu, one for everything else."""
    try:
        exact = _exact(str(quantity))
    except InvalidOperation:
        return 0
    return ceil(exact * 1000) if resource == "cpu" else ceil(exact)


def _exact(text: str) -> Decimal:
    for suffix in (text[-2:], text[-1:]):
        if suffix in _FACTORS and not suffix.isdigit():
            return Decimal(text[: -len(suffix)]) * _FACTORS[suffix]
    return Decimal(text)
