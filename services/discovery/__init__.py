"""discovery: says what the cluster offers and who serves what.

It writes three facts that concern every graph: `orchestrators` (which API groups are served), `gpu` (what the nodes
hold and what is taken) and `queues` (of the KAI scheduler). For each graph it keeps the instance view, which pods serve
which component, and for each model the Service that its pods are reached by.
"""
