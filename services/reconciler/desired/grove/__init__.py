"""Grove mode: one PodCliqueSet runs all services of a graph, and starts and places their pods together.

`gangs.gang` gives everything that a graph consists of in this mode; `choice.mode_of` says whether it is this mode. One
module per thing that is made, and one per rule that Grove or a scheduler adds.
"""
