"""Connections to the API server: a watch at rest hears nothing, so the socket itself asks whether the peer is there."""

from __future__ import annotations

import socket

from shared.kube.transport import kept_alive


def test_a_peer_that_is_gone_is_noticed_by_the_connection() -> None:
    with kept_alive((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 0))) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
