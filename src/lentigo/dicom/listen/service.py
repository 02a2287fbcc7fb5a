"""The listener: receives images, analyses them, forwards the results.

What is logged names images by their place in the spool: never by what their headers hold.
"""

import logging
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt

from lentigo.dicom.header import SOP_CLASSES, TRANSFER_SYNTAXES
from lentigo.dicom.listen.forward import Answer, Sender, wait_s
from lentigo.dicom.listen.spool import Spool, SpoolFullError
from lentigo.dicom.read import read_photo
from lentigo.dicom.source import DicomOutputError, read_source
from lentigo.dicom.write import ResultMaker
from lentigo.errors import ImageError, LentigoError
from lentigo.runtime.analyzer import Analyzer

VERIFICATION: Final = UID("1.2.840.10008.1.1")

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700
WRONG_CLASS: Final = 0xA900
NOT_UNDERSTOOD: Final = 0xC000

MAX_ASSOCIATIONS: Final = 4
MAX_MESSAGE_BYTES: Final = 1 << 30
"""An image of more bytes than this is not received: the association is aborted."""

_LONGEST_COMMENT: Final = 64  # Error Comment is a long string

log = logging.getLogger(__name__)


class Listener:
    """A storage SCP that answers with what it finds.

    Args:
        analyzer: What looks at the images.
        spool: Where they wait; must be open.
        sender: Where results go.
        title: The AE title that must be called.
        callers: AE titles that may call; empty: any.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        spool: Spool,
        sender: Sender,
        title: str,
        callers: tuple[str, ...] = (),
    ) -> None:
        self._analyzer = analyzer
        self._spool = spool
        self._sender = sender
        self._maker = ResultMaker()
        self._entity = _entity(title, callers)
        self._stopped = threading.Event()
        self._arrived = threading.Event()
        self._made = threading.Event()
        self._offers = threading.Lock()
        self._received: defaultdict[Any, int] = defaultdict(int)
        self._server: Any = None
        self._workers = [
            threading.Thread(target=work, name=f"lentigo-{name}")
            for name, work in (("analyse", self._analyse), ("forward", self._forward))
        ]

    def start(self, host: str, port: int) -> int:
        """Begin to listen and to work on what the spool holds; return the port.

        Args:
            host: The address to bind to.
            port: The port; 0 takes a free one.

        Raises:
            LentigoError: The port cannot be had.
        """
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_PDU_RECV, self._count),
            (evt.EVT_CONN_CLOSE, self._forget),
        ]
        try:
            self._server = self._entity.start_server(
                (host, port), block=False, evt_handlers=handlers
            )
        except OSError as error:
            raise LentigoError(f"cannot listen on {host}:{port} ({error.strerror})") from error
        for worker in self._workers:
            worker.start()
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Take no more images, finish what is being done, leave the rest in the spool."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None
        self._stopped.set()
        self._arrived.set()
        self._made.set()
        for worker in self._workers:
            if worker.is_alive():
                worker.join()

    def _store(self, event: evt.Event) -> Dataset | int:
        """Answer a C-STORE request; what is answered by success is safe in the spool."""
        self._received.pop(event.assoc, None)
        try:
            with self._offers:  # two at once must not both take the last place
                offered = self._spool.offer(event.encoded_dataset())
        except SpoolFullError as error:
            log.warning("refused an image: %s", error)
            return _status(OUT_OF_RESOURCES, "Too many images wait; send it later")
        try:
            answer = checked(offered, str(event.request.AffectedSOPClassUID))
            if answer is not None:
                self._spool.drop(offered)
                return answer
            self._spool.keep(offered)
        except Exception as error:
            self._spool.drop(offered)
            log.error("could not take an image (%s)", type(error).__name__)
            return _status(OUT_OF_RESOURCES, "The image could not be kept; send it later")
        log.info("received %s from %s", offered.stem, event.assoc.requestor.ae_title)
        self._arrived.set()
        return SUCCESS

    def _count(self, event: evt.Event) -> None:
        """Abort a peer that sends more than any image holds."""
        pdu = event.pdu
        self._received[event.assoc] += len(pdu)
        if self._received[event.assoc] > MAX_MESSAGE_BYTES:
            log.warning("aborted a peer: its image has more than %d bytes", MAX_MESSAGE_BYTES)
            event.assoc.abort()

    def _forget(self, event: evt.Event) -> None:
        self._received.pop(event.assoc, None)

    def _analyse(self) -> None:
        while not self._stopped.is_set():
            self._arrived.clear()
            for image in self._spool.images():
                if self._stopped.is_set():
                    return
                self._analyse_one(image)
            self._arrived.wait()

    def _analyse_one(self, image: Path) -> None:
        try:
            finding = self._analyzer.analyze(image)
            assert finding.pictures is not None  # fresh from the analyzer
            results = self._maker.make(image, finding, finding.pictures.mask)
            self._spool.replace(image, results.objects)
        except Exception as error:  # the next image must not wait for this one's fault
            fault = error.fault if isinstance(error, ImageError) else type(error).__name__
            log.error("%s: %s; put aside in %s", image.stem, fault, self._spool.fail(image))
            return
        log.info("analysed %s", image.stem)
        self._made.set()

    def _forward(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            self._made.clear()
            reached = all(self._forward_one(results) for results in self._spool.results())
            failures = 0 if reached else failures + 1
            if reached:
                self._made.wait()
            else:
                self._stopped.wait(wait_s(failures))

    def _forward_one(self, results: Path) -> bool:
        """Send one image's results; False where that is to be tried again."""
        try:
            return self._sent(results)
        except Exception as error:  # nothing may end the one thread that sends
            log.error("%s: could not be sent (%s)", results.name, type(error).__name__)
            return False

    def _sent(self, results: Path) -> bool:
        for path in sorted(results.iterdir()):
            if self._stopped.is_set():
                return False
            answer = self._sender.send(path)
            log.info("%s/%s: %s", results.name, path.name, answer.value)
            if answer is Answer.LATER:
                return False
            if answer is Answer.REFUSED:
                aside = self._spool.fail(results)
                log.error("%s: the node refused it; put aside in %s", results.name, aside)
                return True
            path.unlink()
        self._spool.drop(results)
        return True


def _entity(title: str, callers: tuple[str, ...]) -> AE:
    entity = AE(title)
    entity.require_called_aet = True
    entity.require_calling_aet = list(callers)
    entity.maximum_associations = MAX_ASSOCIATIONS
    entity.add_supported_context(VERIFICATION, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    for sop_class in SOP_CLASSES:
        entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
    return entity


def checked(offered: Path, sop_class: str) -> Dataset | None:
    """Return what to answer to an image that cannot be taken; None for one that can.

    Args:
        offered: The image's file.
        sop_class: The SOP Class that was announced.
    """
    try:
        source = read_source(offered)
        if source.header.SOPClassUID != sop_class:
            return _status(WRONG_CLASS, "The data set is of another SOP Class")
        read_photo(offered)
    except ImageError as error:
        log.warning("refused an image: %s", error.fault)
        return _status(NOT_UNDERSTOOD, error.fault)
    except DicomOutputError as error:
        fault = str(error).removeprefix(f"{offered}: ")
        log.warning("refused an image: %s", fault)
        return _status(NOT_UNDERSTOOD, fault)
    return None


def _status(code: int, comment: str) -> Dataset:
    status = Dataset()
    status.Status = code
    status.ErrorComment = comment.encode("ascii", "replace").decode()[:_LONGEST_COMMENT]
    return status
