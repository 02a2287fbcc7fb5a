"""How many scans a JPEG has: each is a pass over the whole picture, and a few bytes can be one."""

import re

MAX_SCANS = 100
"""Progressive JPEGs have about ten. libtiff draws the same line for the JPEGs within TIFFs."""

_START_OF_SCAN, _END = 0xDA, 0xD9
_SEQUENTIAL = (0xC0, 0xC1, 0xC9)
"""Frames (ITU-T T.81, table B.1) whose first scan is the picture where it holds all components."""

_MARKER = re.compile(rb"\xff+[^\x00\x01\xd0-\xd8\xff]")
"""0xFF and a segment's code; in between stand stuffing, fill bytes and restarts."""


def scans_of(content: bytes) -> int:
    """Return how many scans a JPEG's first picture has, counted up to one above ``MAX_SCANS``.

    Of an ordinary photo the header alone is looked at: megabytes of picture take their time.

    Args:
        content: The file from its first byte; what follows the picture does not count.
    """
    scans, at, components = 0, 0, -1
    while scans <= MAX_SCANS and (found := _MARKER.search(content, at)):
        at = found.end()
        code = content[at - 1]
        if code == _END:
            break
        if code in _SEQUENTIAL:
            components = int.from_bytes(content[at + 7 : at + 8])
        if code == _START_OF_SCAN:
            scans += 1
            if int.from_bytes(content[at + 2 : at + 3]) == components:
                break  # decoders stop behind it
        at += int.from_bytes(content[at : at + 2])  # a segment's own bytes are not looked at
    return scans
