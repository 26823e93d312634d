"""What Kubernetes' controller manager does for workloads and services; switched off where a genuine one runs.

Each kind has a pure module (`rollouts`, `deployment_status`, `replicas`, `endpoints`) and a thin one that reads caches
and writes (`*_controller`).
"""
