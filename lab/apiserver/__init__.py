"""An embedded Kubernetes API server: one process, in memory, on the loopback address.

It answers like the genuine machinery (`docs/lab.md` publishes how far), so that what is proven against it
holds elsewhere. Everything outside meets it over HTTP only; nothing in the project imports it.
"""
