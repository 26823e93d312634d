"""Desired objects: what should exist for a graph and for a component. Pure: no clock, no input but the arguments.

`rendering.render` gives all objects of a graph at once, `graphs.graph_children` and `components.component_children`
the two stages that the handlers apply. One module per kind that is made and one per axis of variation, so that a new
orchestrator, back end or kind of child is a new module. Inputs are never changed; results share structure with them.
"""
