"""rbac: gives each graph the accounts and grants that its pods run with, and nothing else.

Every namespace with a graph has the planner's account and its binding to the installation's ClusterRole; every graph
that uses Kubernetes discovery has an account, a Role and a binding of its own, owned by the graph.
"""
