"""The adapter to a served Kubernetes API: single objects, lists, watches; the only importer of `kubernetes_asyncio`.

That library finds out where the server is and who we are; requests go through one session of our own as raw bytes,
because its models and its watch cost several times the processor time and its watch loses events (ADR 0002).
"""
