"""What follows a write: namespaces end, dependents follow their owners, definitions are established."""
