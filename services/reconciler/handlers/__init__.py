"""One pass over one graph or one component: read, decide (pure, elsewhere), write what differs, report.

A pass at rest asks nothing: inputs and children are compared with the inventory, the computed status with the view's.
"""
