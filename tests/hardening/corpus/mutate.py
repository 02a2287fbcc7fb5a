"""Sound files broken at random, without regard to what their bytes mean."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np

from corpus.hostile import TYPES, Hostile, hostile
from corpus.seeds import seeds

Mutation: TypeAlias = Callable[[bytes, np.random.Generator], bytes]

_ROUNDS = 5
_EXTREMES = (b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0")


def flipped_bits(content: bytes, random: np.random.Generator) -> bytes:
    """Turn some bits over."""
    broken = bytearray(content)
    for at in random.integers(0, len(content), random.integers(1, 24)):
        broken[at] ^= 1 << int(random.integers(8))
    return bytes(broken)


def flipped_head(content: bytes, random: np.random.Generator) -> bytes:
    """Turn some bits over where the header is."""
    head = 400
    return flipped_bits(content[:head], random) + content[head:]


def cut(content: bytes, random: np.random.Generator) -> bytes:
    """End early."""
    return content[: random.integers(1, len(content))]


def lying_number(content: bytes, random: np.random.Generator) -> bytes:
    """Put an extreme number somewhere near the beginning."""
    at = int(random.integers(2, min(600, len(content) - 4)))
    return content[:at] + _EXTREMES[random.integers(len(_EXTREMES))] + content[at + 4 :]


def repeated(content: bytes, random: np.random.Generator) -> bytes:
    """Give a piece twice."""
    begin, end = sorted(random.integers(0, len(content), 2))
    return content[:end] + content[begin:]


def left_out(content: bytes, random: np.random.Generator) -> bytes:
    """Leave a piece out."""
    begin, end = sorted(random.integers(8, len(content), 2))
    return content[:begin] + content[end:]


def noise(content: bytes, random: np.random.Generator) -> bytes:
    """Keep the first bytes and go on with anything."""
    kept = int(random.integers(8, min(300, len(content))))
    return content[:kept] + random.bytes(int(random.integers(1, 4000)))


MUTATIONS: Final[dict[str, Mutation]] = {
    "flipped bits": flipped_bits,
    "flipped bits of the header": flipped_head,
    "cut short": cut,
    "lying numbers": lying_number,
    "a piece twice": repeated,
    "a piece left out": left_out,
    "noise": noise,
}


def files() -> Iterator[Hostile]:
    """Yield each sound file broken in each way, some rounds of it."""
    for kind in TYPES:
        for seed, content in seeds(kind).items():
            for family, mutation in MUTATIONS.items():
                for turn in range(_ROUNDS):
                    told = f"{seed}-{family.replace(' ', '-')}-{turn}"
                    random = np.random.default_rng(crc32(f"{kind}-{told}".encode()))
                    yield hostile(kind, family, told, mutation(content, random))
