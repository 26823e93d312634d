"""The ownership store on etcd: guarded transactions, leases, and watches that cannot be deaf.

The only importer of `etcd3` (its generated stubs, `etcd3.etcdrpc`, and nothing else of it) and of `grpc`. Why no client
library is used is said in the ADR on etcd through generated stubs.
"""
