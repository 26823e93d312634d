"""What the controllers of a cluster do for workloads and services; switched off where genuine ones run.

Each kind has a pure module (`rollouts`, `replicas`, `stateful_sets`, `jobs`, `leader_worker_sets`, ...) and a thin one
that reads caches and writes (`*_controller`); `workloads`, `batch` and `add_ons` say what wakes them; Grove
has a folder of its own.
"""
