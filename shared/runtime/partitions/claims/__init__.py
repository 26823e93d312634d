"""Who owns which unit of a service: partitions, or the watcher's resource kinds (design: keys, ownership, passes)."""
