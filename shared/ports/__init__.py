"""What handlers and the runtime need from the outside world, as protocols.

Adapters in `shared.bus`, `shared.store` and `shared.kube` implement them on real servers, `shared.testing` in memory;
one contract suite holds both to the same behaviour.
"""
