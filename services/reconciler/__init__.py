"""The reconciler: brings the children of graphs and components to what their specs ask for, and reports their status.

`desired` decides which objects should exist, `status` what is reported of them; both are pure. Everything that
reads or writes lies outside these two folders.
"""
