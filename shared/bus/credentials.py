"""Answering a server's challenge with a `.creds` file: the user's JWT and the seed of an Ed25519 key.

Separate from the connection, which only passes on two functions. The file is read at each connect, so a rotated one
is used without a restart.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.core.errors import PermanentError

_SECTION = re.compile(r"-----BEGIN ([A-Z ]+)-----\s+(\S+)\s+-+END")
_SEED_LENGTH = 36  # two bytes of prefix, 32 of key, two of checksum


@dataclass(frozen=True, slots=True)
class Credentials:
    """A file with a user's JWT and seed."""

    path: Path

    def jwt(self) -> bytes:
        """Return the JWT that says who the user is."""
        return self._section("NATS USER JWT").encode()

    def sign(self, nonce: str) -> bytes:
        """Return the signature of a server's nonce, in base64."""
        key = Ed25519PrivateKey.from_private_bytes(decode_seed(self._section("USER NKEY SEED")))
        return base64.b64encode(key.sign(nonce.encode()))

    def _section(self, title: str) -> str:
        try:
            text = self.path.read_text()
        except OSError as error:
            raise PermanentError(f"credentials file {self.path} cannot be read: {error.strerror}") from error
        sections: dict[str, str] = dict(_SECTION.findall(text))
        if title not in sections:
            raise PermanentError(f"credentials file {self.path} has no section {title!r}")
        return sections[title]


def decode_seed(seed: str) -> bytes:
    """Return the 32 bytes of key material of an encoded seed; raise PermanentError when it is damaged."""
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error as error:
        raise PermanentError("the seed in the credentials file is not base32") from error
    body, checksum = raw[:-2], int.from_bytes(raw[-2:], "little")
    if len(raw) != _SEED_LENGTH or binascii.crc_hqx(body, 0) != checksum:
        raise PermanentError("the seed in the credentials file is damaged")
    return body[2:]
