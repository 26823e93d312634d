"""Plays the parts of a cluster that make workloads run: controllers, scheduler, kubelets.

A program of its own that talks only through the public Kubernetes API, so that it serves the lab's API server and a
genuine cluster alike. `controllers/` says which objects should exist, `nodes/` where pods run and what becomes of them;
their decisions are pure, and `work/` drives them level-triggered. Invariant: at rest it asks nothing, it only watches.
"""
