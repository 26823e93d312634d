"""How the garbage collector runs in a service: rarely, and never over what is there for good.

A service makes thousands of short-lived objects a second and hardly any cycles, while its modules and views live on:
with Python's own thresholds the collector looks through young objects twice a pass and through the whole heap again and
again, to find nothing. Reference counts free nearly everything; the collector is only for what is left over.
"""

from __future__ import annotations

import gc

YOUNG = 20_000  # objects made and not freed since the last look at the youngest (Python's own: 700)
MIDDLE, OLD = 20, 20  # looks at a generation before the next older one is looked at


def spare_collector() -> None:
    """Set aside everything that was imported, and look for garbage less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
