"""Which accounts, roles and bindings a namespace and a graph need: pure."""
