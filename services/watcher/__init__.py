"""watcher: publishes what changes in the cluster to the event log, and nothing else.

Replicas share the resource kinds between them by claims. Every publish is guarded per subject, so that no late retry
and no second watcher can put an old version on top of a newer one; a complete list ends in a synced marker.
"""
