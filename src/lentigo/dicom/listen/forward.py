"""Sending results to another DICOM node."""

import re
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from pydicom import uid
from pynetdicom import AE

from lentigo.errors import LentigoError

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0

_OBJECTS = (uid.SegmentationStorage, uid.EnhancedSRStorage)
_SYNTAXES = [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian]
_OUT_OF_RESOURCES = range(0xA700, 0xA800)
_ACCEPTED = (0x0000, *range(0xB000, 0xC000))  # 0xBxxx: stored, with a warning
_TITLE = r"[\x21-\x5b\x5d-\x7e]{1,16}"  # no space, no backslash


class Node(NamedTuple):
    """A DICOM node's AE title and address."""

    title: str
    host: str
    port: int


class Answer(Enum):
    """What a node made of an object."""

    ACCEPTED = "accepted"
    LATER = "not now"
    REFUSED = "refused"


def parse_node(text: str) -> Node:
    """Return the node that ``AET@HOST:PORT`` names.

    Raises:
        LentigoError: The text is not of that form.

    Example:
        >>> parse_node("ARCHIVE@pacs.example:104")
        Node(title='ARCHIVE', host='pacs.example', port=104)
    """
    match = re.fullmatch(rf"({_TITLE})@\[?([^\s@\[\]]+)\]?:(\d{{1,5}})", text)
    if match is None or not 0 < int(match[3]) < 65_536:
        raise LentigoError(f"'{text}': expected AET@HOST:PORT, such as ARCHIVE@pacs.example:104")
    return Node(match[1], match[2], int(match[3]))


def check_title(title: str) -> str:
    """Return an AE title that is one.

    Raises:
        LentigoError: It has not 1 to 16 signs, or has a space or backslash.
    """
    if re.fullmatch(_TITLE, title) is None:
        raise LentigoError(f"'{title}' is no AE title: 1 to 16 signs of ASCII, no space, no \\")
    return title


def wait_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row: twice as long each time."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 30))


class Sender:
    """Sends DICOM files to one node.

    Args:
        node: Where to.
        title: The AE title to call from.
    """

    def __init__(self, node: Node, title: str) -> None:
        self.node = node
        self._entity = AE(title)
        self._entity.connection_timeout = 10
        for sop_class in _OBJECTS:
            self._entity.add_requested_context(sop_class, _SYNTAXES)

    def send(self, path: Path) -> Answer:
        """Send one file by C-STORE."""
        node = self.node
        association = self._entity.associate(node.host, node.port, ae_title=node.title)
        if not association.is_established:
            return Answer.LATER
        try:
            status = association.send_c_store(path).get("Status")
        except ValueError:  # the node takes no such object
            return Answer.REFUSED
        except RuntimeError:  # the node has gone
            return Answer.LATER
        finally:
            if association.is_established:
                association.release()
        if status is None or status in _OUT_OF_RESOURCES:
            return Answer.LATER
        return Answer.ACCEPTED if status in _ACCEPTED else Answer.REFUSED
