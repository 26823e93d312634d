"""What happened to one graph, in one time line: changes, decisions, Kubernetes Events and dead letters.

Pure. Reading them is `cli.inquiries.history`.
"""
