"""How many scans a JPEG has: each is a pass over the whole picture, and a few bytes can be one."""

import re

MAX_SCANS = 100
"""Progressive JPEGs have about ten. libtiff draws the same line for the JPEGs within TIFFs."""

_START_OF_SCAN, _END = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff+[^\x00\x01\xd0-\xd8\xff]")
"""0xFF and a segment's code; in between stand stuffing, fill bytes and restarts."""


def scans_of(content: bytes) -> int:
    """Return how many scans a JPEG's first picture has, counted up to one above ``MAX_SCANS``.

    Args:
        content: The file from its first byte; what follows the picture does not count.
    """
    scans, at = 0, 0
    while scans <= MAX_SCANS and (found := _MARKER.search(content, at)):
        at = found.end()
        if content[at - 1] == _END:
            break
        scans += content[at - 1] == _START_OF_SCAN
        at += int.from_bytes(content[at : at + 2])  # a segment's own bytes are not looked at
    return scans
