"""Reading a credentials file and answering a challenge with it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.credentials import Credentials, decode_seed
from shared.core.errors import PermanentError

KEY = bytes(range(32))


def encoded_seed(key: bytes) -> str:
    """Return a user's seed as the tools of NATS write it."""
    body = bytes([0b10010_101, 0b00_00000_0]) + key
    return base64.b32encode(body + binascii.crc_hqx(body, 0).to_bytes(2, "little")).decode().rstrip("=")


def credentials_file(folder: Path) -> Path:
    """Write a file as `nsc` writes it."""
    path = folder / "user.creds"
    path.write_text(
        "-----BEGIN NATS USER JWT-----\nhead.body.sign\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n"
        f"-----BEGIN USER NKEY SEED-----\n{encoded_seed(KEY)}\n------END USER NKEY SEED------\n"
    )
    return path


@given(st.binary(min_size=32, max_size=32))
def test_a_seed_is_read_as_it_was_written(key: bytes) -> None:
    assert decode_seed(encoded_seed(key)) == key


def test_a_seed_as_the_tools_write_it_begins_with_su() -> None:
    assert encoded_seed(KEY).startswith("SU")


def test_signs_the_nonce_with_the_key_of_the_seed(tmp_path: Path) -> None:
    credentials = Credentials(credentials_file(tmp_path))

    signature = base64.b64decode(credentials.sign("nonce"))

    Ed25519PrivateKey.from_private_bytes(KEY).public_key().verify(signature, b"nonce")
    assert credentials.jwt() == b"head.body.sign"


def test_a_damaged_seed_is_refused() -> None:
    damaged = encoded_seed(KEY)[:-2] + "AA"

    with pytest.raises(PermanentError, match="damaged"):
        decode_seed(damaged)


def test_a_seed_that_is_no_base32_is_refused() -> None:
    with pytest.raises(PermanentError, match="base32"):
        decode_seed("1!")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"none\.creds"):
        Credentials(tmp_path / "none.creds").jwt()


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.creds"
    path.write_text("")

    with pytest.raises(PermanentError, match="NATS USER JWT"):
        Credentials(path).jwt()
