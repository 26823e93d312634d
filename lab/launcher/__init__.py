"""Starts and stops the processes of a local stack.

Separate from the programs it starts: the launcher knows command lines, ports, log files and process groups, and
nothing of what the programs do. Invariant: a process that was started to die with its parent never outlives it.
"""
