"""What is reported of graphs and components: state, conditions, replicas and the Kubernetes Events that follow.

Pure. `graphs.graph_status` and `components.component_status` say what the status is, `stamping.stamped` adds times by
comparing it with the one before, `notes` says which changes are worth an Event. Invariant: a status computed from
observations of an older generation is never ready.
"""
