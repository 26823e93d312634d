"""What schedulers and kubelets do: nodes with GPUs, the choice of a node for a pod, and a pod's life on it.

Pure modules decide (`shapes`, `demands`, `filters`, `placement`, `faults`, `references`, `pod_status`, `node_status`);
`fleet`, `scheduler` and `kubelet` read caches and write.
"""
