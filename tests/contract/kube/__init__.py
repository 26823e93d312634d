"""The contract of `shared.ports.cluster`: the fake cluster and a served Kubernetes API behave alike."""
