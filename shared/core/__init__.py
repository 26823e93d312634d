"""Pure vocabulary of the platform: resources, references, labels, names, digests, outcomes and errors."""
