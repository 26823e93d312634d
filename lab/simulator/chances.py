"""Draws what is random in a cluster from a seed and the name of what it is drawn for.

Pure: the same seed gives the same cluster, in whatever order things happen.
"""

from hashlib import blake2b

# The letters and digits that Kubernetes uses in generated names: no vowels, no digits that look like letters.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5


def chance(seed: int, *names: object) -> float:
    """Return a number in [0, 1) that belongs to `names`."""
    return _number(seed, names) / 2**64


def between(low: float, high: float, seed: int, *names: object) -> float:
    """Return a number between `low` and `high` that belongs to `names`."""
    return low + (high - low) * chance(seed, *names)


def suffix(seed: int, *names: object) -> str:
    """Return the five characters that complete a generated name."""
    number = _number(seed, names)
    characters = []
    for _ in range(SUFFIX_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return "".join(characters)


def safe_encoded(text: str) -> str:
    """Return `text` in the alphabet of generated names, byte by byte, as Kubernetes writes its hashes."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in text.encode())


def _number(seed: int, names: tuple[object, ...]) -> int:
    digest = blake2b("\x00".join(map(str, (seed, *names))).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
