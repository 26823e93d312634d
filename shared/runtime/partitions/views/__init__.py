"""What is known of a partition's objects: an informer over the change log, with own writes taken in at once."""
