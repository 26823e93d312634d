"""The event log on NATS JetStream: guarded publishing, last values, ordered consumers and provisioning.

The only importer of `nats`, of which it uses the core client alone: connection, subscriptions, headers. Everything of
JetStream is JSON over requests and is said here, because the traps are in the client's conveniences (see the ADR on
ordered views).
"""
