"""What the rooms agree on: subjects, envelope, streams, keys and partitions, etcd keys and records.

Everything here is pure. A change in this folder changes what is stored or on the wire: it needs a migration note.
"""
