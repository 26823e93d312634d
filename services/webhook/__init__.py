"""The webhook: accepts, warns about or denies what users write, before it is stored.

It serves AdmissionReviews over TLS with certificates of its own, and registers them with the API server. Admission
waits for nothing: not for NATS, not for etcd, not for the API server. Every replica answers; there is no owner.
"""
