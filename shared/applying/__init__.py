"""Bringing the children of one primary to what is desired, with as few requests as possible.

What differs is decided by pure functions over three values: what is desired, what was applied before (the inventory,
one etcd key for each primary) and what the partition view shows. Zero differences cost zero requests.
"""
