"""discovery: says what the cluster offers and who serves what.

It writes two facts that concern every graph, `orchestrators` (which API groups are served) and `gpu` (what the nodes
hold and what is taken), and for each graph the instance view: which pods serve which component.
"""
